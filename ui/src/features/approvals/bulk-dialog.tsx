import { Button, Group, Modal, TextInput } from '@mantine/core';
import { IconAlertTriangle, IconCheck, IconHourglass, IconUser } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type Approval, approvalsKey } from '@/api/approvals';
import { decideEach, type Result, requestFor, type Verdict } from './bulk';
import classes from './bulk-dialog.module.css';
import { texts } from './texts';
import { glimpseOf, titleOf } from './titles';

interface BulkDialogProps {
  verdict: Verdict;
  /** What was selected when the dialog opened, as it was shown. */
  approvals: readonly Approval[];
  /** Told of each that is decided, here or before by somebody else. */
  onSettled: (approval: Approval, outcome: string, isMine: boolean) => void;
  /** Told the sum of what became of them; `null` if nothing was decided. */
  onClose: (summary: string | null) => void;
}

/** Asks before several approvals are decided on, decides on each by itself, and says of each what became of it. */
export function BulkDialog({ verdict, approvals, onSettled, onClose }: BulkDialogProps) {
  const [comment, setComment] = useState('');
  const [results, setResults] = useState<ReadonlyMap<string, Result>>(new Map());
  const [isRunning, setRunning] = useState(false);
  const [hasRun, setHasRun] = useState(false);
  const queries = useQueryClient();
  const wanted = approvals.flatMap((approval) => {
    const body = requestFor(approval, verdict, comment);
    return body ? [{ id: approval.id, body }] : [];
  });
  const open = wanted.filter(({ id }) => (results.get(id)?.kind ?? 'failed') === 'failed');
  const run = async () => {
    setRunning(true);
    setHasRun(true);
    await decideEach(open, (id, result) => {
      setResults((all) => new Map(all).set(id, result));
      const approval = approvals.find((one) => one.id === id);
      if (approval && result.kind !== 'failed') {
        onSettled(approval, outcomeOf(result, verdict), result.kind === 'done');
      }
    });
    setRunning(false);
    void queries.invalidateQueries({ queryKey: approvalsKey });
    void queries.invalidateQueries({ queryKey: ['executions'] });
  };
  const close = () => !isRunning && onClose(hasRun ? summaryOf(results) : null);
  return (
    <Modal
      opened
      onClose={close}
      title={texts.bulk.title[verdict](wanted.length)}
      size={560}
      closeButtonProps={{ 'aria-label': texts.bulk.close }}
    >
      <div className={classes.content}>
        {wanted.length < approvals.length && (
          <p className={classes.note} data-tone="warning">
            {texts.bulk.leftOut(approvals.length - wanted.length)}
          </p>
        )}
        <ul className={classes.list} aria-label={hasRun ? texts.bulk.results : texts.bulk.list}>
          {wanted.map(({ id }) => {
            const approval = approvals.find((one) => one.id === id);
            return approval && <Line key={id} approval={approval} verdict={verdict} result={results.get(id)} />;
          })}
        </ul>
        {!hasRun && (
          <TextInput
            size="xs"
            label={texts.bulk.comment[verdict]}
            value={comment}
            onChange={(event) => setComment(event.currentTarget.value)}
            maxLength={2_000}
            {...(verdict === 'rejected' && { 'data-autofocus': true })}
          />
        )}
        <p role="status" className={classes.summary}>
          {hasRun && !isRunning && summaryOf(results)}
        </p>
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close} disabled={isRunning}>
            {hasRun ? texts.bulk.close : texts.bulk.cancel}
          </Button>
          {open.length > 0 && (
            <Button
              onClick={() => void run()}
              loading={isRunning}
              {...(verdict === 'approved' && { 'data-autofocus': true })}
            >
              {hasRun ? texts.bulk.again(open.length) : texts.bulk.yes[verdict](open.length)}
            </Button>
          )}
        </Group>
      </div>
    </Modal>
  );
}

const LOOKS = {
  waits: { tone: 'neutral', icon: IconHourglass },
  done: { tone: 'success', icon: IconCheck },
  gone: { tone: 'attention', icon: IconUser },
  failed: { tone: 'danger', icon: IconAlertTriangle },
} as const;

function Line({ approval, verdict, result }: { approval: Approval; verdict: Verdict; result: Result | undefined }) {
  const { tone, icon: Icon } = LOOKS[result?.kind ?? 'waits'];
  return (
    <li className={classes.line} data-tone={tone}>
      <Icon size={14} aria-hidden className={classes.icon ?? ''} />
      <span className={classes.what}>
        <span className={classes.name}>
          {titleOf(approval)} · <bdi>{approval.flow_name ?? texts.deletedFlow}</bdi>
        </span>
        <span className={classes.soft}>{glimpseOf(approval)}</span>
        {result && <span className={classes.outcome}>{outcomeOf(result, verdict)}</span>}
      </span>
    </li>
  );
}

function outcomeOf(result: Result, verdict: Verdict): string {
  return result.kind === 'done' ? texts.bulk.done[verdict] : result.detail;
}

function summaryOf(results: ReadonlyMap<string, Result>): string {
  const count = (kind: Result['kind']) => [...results.values()].filter((result) => result.kind === kind).length;
  return texts.bulk.summary(count('done'), count('gone'), count('failed'));
}
