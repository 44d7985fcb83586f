import { Fragment, type KeyboardEvent, useEffect, useMemo, useRef } from 'react';
import type { Execution, ExecutionStatus, JournalEvent } from '@/api/types';
import { Panel } from '@/components/panel';
import { isFinished } from '@/components/status';
import { useNow } from '@/lib/clock';
import type { Outage } from './recovery';
import { texts } from './texts';
import classes from './timeline.module.css';
import { TimelineChildren } from './timeline-children';
import { TimelineHead } from './timeline-head';
import { TimelineLegend } from './timeline-legend';
import { TimelineLines } from './timeline-lines';
import { TimelineRow } from './timeline-row';
import { isUndoing, toRows, toWaterfall } from './waterfall';

interface TimelineProps {
  execution: Execution;
  journal: readonly JournalEvent[];
  outages: readonly Outage[];
  selected: string | null;
  /** The node that the user selected; it is scrolled into view. */
  chosen: string | null;
  onSelect: (nodeId: string) => void;
  /** The status that the executions of the selected node are filtered by. */
  shownChildren: ExecutionStatus | undefined;
}

/** With more rows than this, the time is updated only once a second. */
const SMOOTH_ROWS_MAX = 80;
/** The margin around a row that is scrolled into view. */
const MARGIN = 40;

/** The waterfall: a row per node, a bar per attempt, the backoffs between them, the current time and the deadline. */
export function Timeline(props: TimelineProps) {
  const { execution, journal, outages, selected, chosen, onSelect, shownChildren } = props;
  const list = useRef<HTMLDivElement>(null);
  const rows = useMemo(() => toRows(execution, journal), [execution, journal]);
  const now = useNow(isFinished(execution.status) ? 0 : rows.length > SMOOTH_ROWS_MAX ? 1_000 : 100);
  const waterfall = useMemo(() => toWaterfall(execution, now, rows, outages), [execution, now, rows, outages]);
  const { start, end } = waterfall;
  const firstUndoing = rows.find((row) => isUndoing(row.node));
  const focusable = rows.some((row) => row.node.node_id === selected) ? selected : rows[0]?.node.node_id;

  const place = rows.findIndex((row) => row.node.node_id === chosen);
  useEffect(() => {
    if (place >= 0) showRow(list.current, place);
  }, [place]);

  const move = (event: KeyboardEvent<HTMLElement>) => {
    const at = rows.findIndex((row) => row.node.node_id === focusable);
    const next = target(event.key, at, rows.length);
    const node = next === null ? undefined : rows[next]?.node.node_id;
    if (next === null || node === undefined) return;
    event.preventDefault();
    onSelect(node);
    list.current?.querySelectorAll<HTMLElement>('[role="option"]')[next]?.focus();
  };

  return (
    <Panel title={texts.waterfall.title} aside={<TimelineLegend rows={rows} />} flush>
      <TimelineHead waterfall={waterfall} />
      <div className={classes.scroller}>
        <div className={classes.body}>
          <TimelineLines waterfall={waterfall} />
          <div
            ref={list}
            role="listbox"
            tabIndex={-1}
            aria-label={texts.waterfall.label(rows.length)}
            aria-description={texts.waterfall.keys}
            onKeyDown={move}
          >
            {rows.map((row) => (
              <Fragment key={row.node.id}>
                {row === firstUndoing && (
                  <div className={classes.undoing} role="presentation">
                    {texts.waterfall.undoing}
                  </div>
                )}
                <TimelineRow
                  row={row}
                  start={start}
                  end={end}
                  // Only a row with something in progress follows the clock.
                  now={row.bars.some((bar) => bar.to === null) ? waterfall.now : 0}
                  isSelected={row.node.node_id === selected}
                  isFocusable={row.node.node_id === focusable}
                  onSelect={onSelect}
                />
                {row.node.children && row.node.node_id === selected && (
                  <TimelineChildren
                    executionId={execution.id}
                    node={row.node}
                    status={shownChildren}
                    start={start}
                    end={end}
                    now={waterfall.now}
                  />
                )}
              </Fragment>
            ))}
          </div>
        </div>
      </div>
    </Panel>
  );
}

/** Scrolls the list, never the page, no further than needed. */
function showRow(list: HTMLElement | null, place: number): void {
  const row = list?.querySelectorAll('[role="option"]')[place];
  const scroller = list?.parentElement?.parentElement;
  if (!row || !scroller) return;
  const { top, bottom } = row.getBoundingClientRect();
  const frame = scroller.getBoundingClientRect();
  if (top < frame.top) scroller.scrollTop -= frame.top - top + MARGIN;
  else if (bottom > frame.bottom) scroller.scrollTop += bottom - frame.bottom + MARGIN;
}

/** Returns the row that a key moves to; `null` for other keys. */
function target(key: string, at: number, count: number): number | null {
  const steps: Record<string, number> = { ArrowDown: at + 1, j: at + 1, ArrowUp: at - 1, k: at - 1, Home: 0 };
  const to = key === 'End' ? count - 1 : steps[key];
  return to === undefined ? null : Math.min(count - 1, Math.max(0, to));
}
