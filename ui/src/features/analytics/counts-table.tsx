import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { RetryCounts } from '@/api/reports';
import { formatNumber } from '@/lib/locale';
import type { Period } from '@/lib/periods';
import { formatDuration } from '@/lib/time';
import classes from './counts-table.module.css';
import { MixBar } from './mix-bar';
import { mixOf, percent } from './shape';
import { TableFoot } from './table-foot';
import { texts } from './texts';

interface Row {
  key: string;
  name: string;
  detail: string | null;
  flow: string;
  counts: RetryCounts;
}

interface CountsTableProps {
  title: string;
  head: string;
  /** Most failed attempts first. */
  rows: readonly Row[];
  /** What the server left out; none if null. */
  leftOut: string | null;
  period: Period;
}

/** The number of rows before “show all”. */
const ROWS_MAX = 10;

/** Outcomes of flows or nodes, one per row. A name links to its executions. */
export function CountsTable({ title, head, rows, leftOut, period }: CountsTableProps) {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? rows : rows.slice(0, ROWS_MAX);
  const { columns } = texts;
  return (
    <>
      <div role="table" aria-label={title}>
        {/* biome-ignore-start lint/a11y/useFocusableInteractive: headings do nothing. */}
        <div role="rowgroup">
          <div role="row" className={classes.head}>
            {[head, ...Object.values(columns)].map((label) => (
              <span key={label} role="columnheader">
                {label}
              </span>
            ))}
          </div>
        </div>
        {/* biome-ignore-end lint/a11y/useFocusableInteractive: see above. */}
        <div role="rowgroup">
          {shown.map((row) => (
            <CountsRow key={row.key} row={row} period={period} />
          ))}
        </div>
      </div>
      <TableFoot
        count={rows.length}
        onShowAll={rows.length > shown.length ? () => setWhole(true) : null}
        leftOut={leftOut}
      />
    </>
  );
}

function CountsRow({ row: { name, detail, flow, counts }, period }: { row: Row; period: Period }) {
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: keyboard users reach the link inside.
    <div role="row" className={classes.row}>
      <div role="cell" className={classes.name}>
        <Link className={classes.link ?? ''} to="/executions" search={{ flow, period }}>
          {name}
        </Link>
        {detail && <div className={classes.detail}>{detail}</div>}
      </div>
      <div role="cell" className={classes.mix}>
        <MixBar mix={mixOf(counts)} />
      </div>
      {Object.entries(valuesOf(counts)).map(([column, { label, value, isNone }]) => (
        <div key={column} role="cell" className={classes.number} data-column={column} data-none={isNone || undefined}>
          <span className={classes.label} aria-hidden>
            {label}
          </span>
          {value}
        </div>
      ))}
    </div>
  );
}

function valuesOf(counts: RetryCounts) {
  const { columns } = texts;
  const plain = (label: string, value: number) => ({ label, value: formatNumber(value), isNone: value === 0 });
  const lost = counts.failed_attempts_ms + counts.backoff_ms;
  return {
    success: { label: columns.success, value: percent(counts.completed, counts.executions), isNone: false },
    executions: plain(columns.executions, counts.executions),
    firstTry: plain(columns.firstTry, counts.first_try),
    recovered: plain(columns.recovered, counts.recovered),
    exhausted: plain(columns.exhausted, counts.exhausted),
    timedOut: plain(columns.timedOut, counts.timed_out),
    attempts: plain(columns.attempts, counts.attempts),
    lost: { label: columns.lost, value: lost === 0 ? '0' : formatDuration(lost), isNone: lost === 0 },
  };
}
