import { Anchor, Button, Group } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { RetriedMany } from '@/api/executions';
import { formatNumber } from '@/lib/locale';
import { shortId } from '@/lib/short-id';
import { texts as common } from '@/lib/texts';
import { newIds, nextBatch } from './progress';
import { RETRIED_MAX } from './queries';
import classes from './retry-dialog.module.css';
import { RetryProgress } from './retry-progress';
import { reasonsOf, skippedOf } from './skipped';
import { texts } from './texts';

/** The number of skipped executions that are listed; the counts cover all. */
const NAMED_MAX = 50;

interface RetryResultProps {
  result: RetriedMany;
  flow: string;
  /** Continues with the batch after this execution. */
  onNext: (before: string) => void;
  onClose: () => void;
}

/** The result of a bulk retry: progress of the new executions, skipped ones with reasons, and the next batch. */
export function RetryResult({ result, flow, onNext, onClose }: RetryResultProps) {
  const ids = useMemo(() => newIds(result), [result]);
  const next = nextBatch(result, RETRIED_MAX);
  return (
    <>
      <p className={classes.strong}>{texts.dialog.done(result.retried)}</p>
      {result.stopped && <p role="alert">{texts.dialog.stopped(result.stopped)}</p>}
      {ids.length > 0 && <RetryProgress ids={ids} flow={flow} />}
      {result.skipped > 0 && <LeftOut result={result} />}
      <Group justify="space-between" gap="xs">
        {ids.length > 0 ? (
          <Anchor component={Link} to="/executions" search={{ flow, period: '1h' } as never} size="sm">
            {texts.dialog.follow}
          </Anchor>
        ) : (
          <span />
        )}
        <Group gap="xs">
          {next && (
            <Button variant="light" onClick={() => onNext(next)}>
              {texts.dialog.next(RETRIED_MAX)}
            </Button>
          )}
          <Button variant="default" onClick={onClose}>
            {common.actions.close}
          </Button>
        </Group>
      </Group>
    </>
  );
}

function LeftOut({ result }: { result: RetriedMany }) {
  const skipped = skippedOf(result);
  return (
    <div className={classes.plan}>
      <p>{texts.dialog.left(result.skipped)}</p>
      <ul className={classes.reasons}>
        {reasonsOf(result).map(({ reason, count }) => (
          <li key={reason}>
            {formatNumber(count)} × {reason}
          </li>
        ))}
      </ul>
      <details className={classes.details}>
        <summary>{texts.progress.leftList}</summary>
        <ul className={classes.list} aria-label={texts.progress.leftList}>
          {skipped.slice(0, NAMED_MAX).map(({ id, newer }) => (
            <li key={id}>
              <ExecutionLink id={id} />
              {newer && (
                <span className={classes.soft}>
                  {texts.progress.retriedAs} <ExecutionLink id={newer} />
                </span>
              )}
            </li>
          ))}
          {skipped.length > NAMED_MAX && (
            <li className={classes.soft}>{texts.progress.more(skipped.length - NAMED_MAX)}</li>
          )}
        </ul>
      </details>
    </div>
  );
}

function ExecutionLink({ id }: { id: string }) {
  return (
    <Link className={classes.link ?? ''} to="/executions/$executionId" params={{ executionId: id }} title={id}>
      {shortId(id)}
    </Link>
  );
}
