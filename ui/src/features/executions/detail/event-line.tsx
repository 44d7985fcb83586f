import { memo } from 'react';
import { Prose } from '@/components/prose';
import { formatClock, formatDuration, formatMoment } from '@/lib/time';
import classes from './events.module.css';
import type { JournalLine } from './journal';
import { texts } from './texts';

interface EventLineProps {
  line: JournalLine;
  start: number;
  onNode: (nodeId: string) => void;
}

/** One line of the journal: time, node, event. */
export const EventLine = memo(function EventLine({ line, start, onNode }: EventLineProps) {
  const { at, node, text, detail, by, tone, seq } = line;
  return (
    <li className={classes.line} data-tone={tone}>
      <span className={classes.time} title={formatMoment(at)}>
        {formatClock(at)}
      </span>
      <span className={classes.after}>{`+${formatDuration(at - start)}`}</span>
      <span className={classes.dot} aria-hidden />
      <span className={classes.what}>
        {node && (
          <button type="button" className={classes.node} onClick={() => onNode(node.id)}>
            {node.name}
          </button>
        )}{' '}
        <span className={classes.text}>{text}</span> {by && <span className={classes.by}>{by}</span>}
        {detail && (
          <span className={classes.detail}>
            <Prose text={detail} />
          </span>
        )}
      </span>
      <span className={classes.seq} title={texts.events.record(seq)}>
        #{seq}
      </span>
    </li>
  );
});
