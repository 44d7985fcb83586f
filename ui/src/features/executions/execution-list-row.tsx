import { Tooltip } from '@mantine/core';
import {
  IconArrowBackUp,
  IconCalendarClock,
  IconKey,
  IconRefresh,
  IconSubtask,
  IconWebhook,
} from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import type { ExecutionRow } from '@/api/types';
import { Duration } from '@/components/duration';
import { RelativeTime } from '@/components/relative-time';
import { executionStatusKey } from '@/components/status';
import { StatusBadge } from '@/components/status-badge';
import type { NodeName } from '@/components/use-node-names';
import { bulkTexts } from './bulk-texts';
import classes from './execution-list.module.css';
import { Outcome } from './outcome';
import { texts } from './texts';

interface ExecutionListRowProps {
  row: ExecutionRow;
  /** Its position in the list, from 1; the header is row 1 of the table. */
  place: number;
  top: number;
  onOpen: (id: string) => void;
  isSelected: boolean;
  /** Selects the row, or takes it out; with Shift, everything from the last one on. */
  onSelect: (id: string, isRange: boolean) => void;
  nameOf: NodeName;
}

/** One execution in the list. The whole row opens it; the flow's name is the link for keyboards and screen readers. */
export const ExecutionListRow = memo(function ExecutionListRow(props: ExecutionListRowProps) {
  const { row, place, top, onOpen, isSelected, onSelect, nameOf } = props;
  const retries = row.attempts ?? 0;
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: keyboard users reach the link inside; the row only widens its target.
    // biome-ignore lint/a11y/useKeyWithClickEvents: see above.
    <div
      role="row"
      aria-rowindex={place + 1}
      aria-selected={isSelected}
      data-execution={row.id}
      className={classes.row}
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => onOpen(row.id)}
    >
      <Cell className={classes.selectCell}>
        <SelectBox row={row} isSelected={isSelected} onSelect={onSelect} />
      </Cell>
      <Cell className={classes.status}>
        <StatusBadge status={executionStatusKey(row)} plain />
      </Cell>
      <Cell className={classes.flowCell}>
        <span className={classes.flow}>
          <Link
            to="/executions/$executionId"
            params={{ executionId: row.id }}
            className={classes.link}
            onClick={(event) => event.stopPropagation()}
          >
            {row.flow_name ?? texts.list.deletedFlow}
          </Link>
          <Marks row={row} />
          {row.context_id && <span className={classes.context}>{row.context_id}</span>}
          {row.concurrency_key && row.concurrency_key !== row.context_id && (
            <span className={classes.context} title={texts.list.key(row.concurrency_key)}>
              <IconKey size={11} aria-hidden /> <span className="visually-hidden">{texts.list.key('')}</span>
              {row.concurrency_key}
            </span>
          )}
        </span>
      </Cell>
      <Cell className={`${classes.startedCell} ${classes.soft}`}>
        <RelativeTime time={row.started_at ?? row.created_at} />
      </Cell>
      <Cell className={`${classes.wide} ${classes.number}`}>
        <Duration startedAt={row.started_at} endedAt={row.completed_at} ms={row.duration_ms} />
      </Cell>
      <Cell className={`${classes.wide} ${classes.number}`}>{retries}</Cell>
      <Cell className={classes.errorCell}>
        <Outcome row={row} nameOf={nameOf} />
      </Cell>
    </div>
  );
});

type SelectBoxProps = Pick<ExecutionListRowProps, 'row' | 'isSelected' | 'onSelect'>;

/** The whole cell selects, so that a near miss does not open the execution. */
function SelectBox({ row, isSelected, onSelect }: SelectBoxProps) {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the label belongs to the checkbox inside; it only keeps the click.
    <label className={classes.select} onClick={(event) => event.stopPropagation()}>
      <input
        type="checkbox"
        checked={isSelected}
        aria-label={bulkTexts.select(row.flow_name ?? texts.list.deletedFlow)}
        // Whether Shift is held is known to the click only.
        onClick={(event) => onSelect(row.id, event.shiftKey)}
        onChange={() => undefined}
      />
    </label>
  );
}

function Cell({ className, children }: { className: string | undefined; children: React.ReactNode }) {
  return (
    <div role="cell" className={`${classes.cell} ${className ?? ''}`}>
      {children}
    </div>
  );
}

function Marks({ row }: { row: ExecutionRow }) {
  return (
    <>
      {row.retry_of && (
        <Tooltip label={texts.list.retryOf}>
          <span className={classes.mark} data-tone="neutral" role="img" aria-label={texts.list.retryOf}>
            <IconArrowBackUp size={14} aria-hidden />
          </span>
        </Tooltip>
      )}
      {row.parent_id && (
        <Tooltip label={texts.list.child}>
          <span className={classes.mark} data-tone="neutral" role="img" aria-label={texts.list.child}>
            <IconSubtask size={14} aria-hidden />
          </span>
        </Tooltip>
      )}
      {row.triggered_by === 'schedule' && (
        <Tooltip label={texts.list.scheduled}>
          <span className={classes.mark} data-tone="neutral" role="img" aria-label={texts.list.scheduled}>
            <IconCalendarClock size={14} aria-hidden />
          </span>
        </Tooltip>
      )}
      {row.triggered_by === 'webhook' && (
        <Tooltip label={texts.list.called}>
          <span className={classes.mark} data-tone="neutral" role="img" aria-label={texts.list.called}>
            <IconWebhook size={14} aria-hidden />
          </span>
        </Tooltip>
      )}
      {row.recovered && (
        <Tooltip label={texts.list.recovered}>
          <span className={classes.mark} data-tone="success" role="img" aria-label={texts.list.recovered}>
            <IconRefresh size={14} aria-hidden />
          </span>
        </Tooltip>
      )}
    </>
  );
}
