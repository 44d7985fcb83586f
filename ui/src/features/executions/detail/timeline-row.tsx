import { VisuallyHidden } from '@mantine/core';
import { memo } from 'react';
import type { ChildCounts } from '@/api/types';
import { Duration } from '@/components/duration';
import { STATUS_LOOKS } from '@/components/status';
import { StatusIcon } from '@/components/status-icon';
import type { Bar } from './bars';
import { summaryOf } from './children';
import { Countdown } from './countdown';
import { texts } from './texts';
import classes from './timeline.module.css';
import { TimelineBar } from './timeline-bar';
import type { WaterfallRow } from './waterfall';

interface TimelineRowProps {
  row: WaterfallRow;
  start: number;
  end: number;
  now: number;
  isSelected: boolean;
  isFocusable: boolean;
  onSelect: (nodeId: string) => void;
}

/** One node: status, name, bars and duration. */
export const TimelineRow = memo(function TimelineRow(props: TimelineRowProps) {
  const { row, start, end, now, isSelected, isFocusable, onSelect } = props;
  const { node, status, bars } = row;
  const label = STATUS_LOOKS[status].label;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: keys are handled by the list around the rows.
    <div
      role="option"
      tabIndex={isFocusable ? 0 : -1}
      aria-selected={isSelected}
      className={classes.row}
      onClick={() => onSelect(node.node_id)}
    >
      <span className={classes.name}>
        <StatusIcon status={status} />
        <span className={classes.nameText} title={node.node_name}>
          {node.node_name}
          <VisuallyHidden>{`${label}, ${texts.waterfall.attempts(node.attempts.length)}`}</VisuallyHidden>
        </span>
        <Mark row={row} />
      </span>
      <svg className={classes.chart} width="100%" height="34" aria-hidden role="presentation">
        {drawingOrder(bars).map((bar) => (
          <TimelineBar key={bar.key} bar={bar} start={start} end={end} now={now} maxAttempts={node.max_attempts} />
        ))}
        {bars.length === 0 && <Blank row={row} start={start} end={end} />}
      </svg>
      <span className={classes.took} aria-hidden>
        {node.reused || node.started_at === null || node.started_at === undefined ? null : (
          <Duration startedAt={node.started_at} endedAt={node.completed_at} ms={node.duration_ms} />
        )}
      </span>
    </div>
  );
});

/** Attempts are drawn over backoffs, so that the backoff does not cover the symbol of the failure. */
function drawingOrder(bars: readonly Bar[]): Bar[] {
  const isFlat = (bar: Bar) => bar.kind === 'gap' || bar.kind === 'wait';
  return [...bars.filter(isFlat), ...bars.filter((bar) => !isFlat(bar))];
}

/** The countdown of a backoff or a wait; else the number of attempts, if more than one. */
function Mark({ row: { node, status } }: { row: WaterfallRow }) {
  if (status === 'retrying') {
    return (
      <span className={classes.mark} aria-hidden data-tone="warning">
        <Countdown to={node.next_retry_at} text={texts.waterfall.retryIn} due={texts.waterfall.retryDue} />
      </span>
    );
  }
  if (status === 'waiting' && node.waiting_until) {
    return (
      <span className={classes.mark} aria-hidden data-tone="neutral">
        <Countdown to={node.waiting_until} text={texts.waterfall.goesOn} due={texts.waterfall.goesOnNow} />
      </span>
    );
  }
  if (node.children) return <Children counts={node.children} />;
  if (node.attempts.length < 2) return null;
  return (
    <span className={classes.mark} aria-hidden>
      {texts.waterfall.attempts(node.attempts.length)}
    </span>
  );
}

/** How many of the executions that the node started have ended, and how many of these failed. */
function Children({ counts }: { counts: ChildCounts }) {
  const { items, reused, total, running, failed } = counts;
  const all = Math.max(items ?? 0, total + reused);
  if (all < 2) return null;
  const isOver = running === 0 && total + reused >= all;
  return (
    <span className={classes.mark} title={summaryOf(counts)}>
      {failed > 0 && <span className={classes.failed}>{texts.children.failed(failed)}</span>}
      {(!isOver || failed === 0) && texts.children.progress(total + reused - running, all, isOver)}
    </span>
  );
}

/** A node without bars: a point if it took no time, a label if it never ran. */
function Blank({ row: { node, status }, start, end }: { row: WaterfallRow; start: number; end: number }) {
  const moment = Date.parse(node.completed_at ?? '');
  if (node.reused) {
    return (
      <text x="0" y="21" className={classes.blank}>
        {node.edited ? texts.waterfall.edited : texts.waterfall.reused}
      </text>
    );
  }
  if (node.status === 'completed' && !Number.isNaN(moment)) {
    return (
      <svg x={`${((moment - start) / (end - start)) * 100}%`} y="17" overflow="visible" role="presentation">
        <rect x="-4" y="-4" width="8" height="8" rx="1.5" transform="rotate(45)" className={classes.point} />
      </svg>
    );
  }
  if (status === 'pending') return null;
  return (
    <text x="0" y="21" className={classes.blank}>
      {status === 'cancelled' ? texts.waterfall.neverRan : STATUS_LOOKS[status].label}
    </text>
  );
}
