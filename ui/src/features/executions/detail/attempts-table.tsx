import { IconCircleCheckFilled, IconCircleXFilled, IconLoader2, IconSquareRounded } from '@tabler/icons-react';
import type { ComponentType } from 'react';
import type { Attempt, NodeExecution } from '@/api/types';
import { Duration } from '@/components/duration';
import { errorClassLabel } from '@/components/error-classes';
import { CopyLink, useMark } from '@/components/marked';
import { prose } from '@/components/prose';
import type { Tone } from '@/components/status';
import { texts as common } from '@/lib/texts';
import { formatClock, formatDuration, formatMoment, millis } from '@/lib/time';
import classes from './node-panel.module.css';
import { Section } from './section';
import { texts } from './texts';

interface Look {
  icon: ComponentType<{ size?: number; className?: string | undefined; 'aria-hidden'?: boolean }>;
  tone: Tone;
  label: string;
}

const LOOKS: Record<'ok' | 'bad' | 'run' | 'cut', Look> = {
  ok: { icon: IconCircleCheckFilled, tone: 'success', label: texts.node.ok },
  bad: { icon: IconCircleXFilled, tone: 'danger', label: '' },
  run: { icon: IconLoader2, tone: 'info', label: texts.node.running },
  cut: { icon: IconSquareRounded, tone: 'muted', label: texts.node.cut },
};

/** Every attempt of a node: its outcome, duration and backoff. */
export function AttemptsTable({ node }: { node: NodeExecution }) {
  const used = node.attempts.length;
  const max = Math.max(node.max_attempts, used);
  if (used === 0) {
    return (
      <Section title={texts.node.attempts}>
        <p className={classes.none}>{whyNone(node)}</p>
      </Section>
    );
  }
  return (
    <Section title={texts.node.attempts} aside={texts.node.used(used, max)}>
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">{texts.node.number}</th>
            <th scope="col">{texts.node.outcome}</th>
            <th scope="col">{texts.node.began}</th>
            <th scope="col" className={classes.right}>
              {texts.node.took}
            </th>
            <th scope="col" className={classes.right}>
              {texts.node.wait}
            </th>
          </tr>
        </thead>
        {node.attempts.map((attempt, at) => (
          <AttemptRows key={attempt.number} node={node} attempt={attempt} isLast={at === used - 1} />
        ))}
      </table>
    </Section>
  );
}

function AttemptRows({ node, attempt, isLast }: { node: NodeExecution; attempt: Attempt; isLast: boolean }) {
  const began = millis(attempt.started_at);
  const ended = attempt.ended_at ?? node.completed_at;
  const kind = outcomeOf(node, attempt, isLast, !ended);
  const { icon: Icon, tone, label } = LOOKS[kind];
  return (
    <tbody {...useMark({ attempt: attempt.number })}>
      <tr>
        <td>
          {attempt.number}
          <CopyLink part={{ attempt: attempt.number }} label={common.linkTo.attempt(attempt.number)} />
        </td>
        <td data-tone={tone}>
          <span className={classes.outcome}>
            <Icon size={14} aria-hidden className={kind === 'run' ? classes.spins : classes.solid} />
            {attempt.error_class ? errorClassLabel(attempt.error_class) : label}
          </span>
        </td>
        <td title={`${formatMoment(began ?? 0)}, ${texts.node.worker(attempt.worker)}`}>
          {began && formatClock(began)}
        </td>
        <td className={classes.right}>
          <Duration startedAt={attempt.started_at} endedAt={ended} ms={attempt.duration_ms} />
        </td>
        <td className={classes.right}>
          {typeof attempt.backoff_ms === 'number' ? formatDuration(attempt.backoff_ms) : '–'}
        </td>
      </tr>
      {(attempt.error_message || attempt.released) && (
        <tr className={classes.messageRow}>
          <td />
          <td colSpan={4}>{attempt.released ? texts.node.released : prose(attempt.error_message ?? undefined)}</td>
        </tr>
      )}
    </tbody>
  );
}

/** Returns the outcome of an attempt. One without an error that did not complete its node was stopped. */
function outcomeOf(node: NodeExecution, attempt: Attempt, isLast: boolean, isOpen: boolean): keyof typeof LOOKS {
  if (isOpen) return 'run';
  if (attempt.error_class) return attempt.released ? 'cut' : 'bad';
  if (attempt.released || !isLast) return 'cut';
  return node.status === 'cancelled' ? 'cut' : 'ok';
}

function whyNone(node: NodeExecution): string {
  const { noAttempts } = texts.node;
  if (node.edited) return noAttempts.edited;
  if (node.reused) return noAttempts.reused;
  if (node.status === 'skipped') return noAttempts.skipped;
  if (node.status === 'cancelled') return noAttempts.cancelled;
  return node.status === 'completed' || node.started_at ? noAttempts.other : noAttempts.pending;
}
