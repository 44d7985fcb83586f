import { Table } from '@mantine/core';
import { useState } from 'react';
import type { CallTimes, CostCounts } from '@/api/reports';
import { costText } from '@/components/usage-text';
import { formatNumber } from '@/lib/locale';
import { tokensOf } from './cost-shape';
import { texts } from './cost-texts';
import classes from './costs.module.css';
import narrow from './latency.module.css';
import { percent } from './shape';
import { TableFoot } from './table-foot';
import { TimeCell } from './time-cell';

interface Row {
  of: string | null;
  name: string;
  counts: CostCounts;
  /** How long its calls took; absent where it is not known. */
  times?: CallTimes | undefined;
  /** The same in the period that it is compared with. */
  before?: CallTimes | undefined;
}

interface CostTableProps {
  title: string;
  head: string;
  /** Most expensive first; one for each currency. */
  rows: readonly Row[];
  /** Whether the rows say how long calls took. */
  isTimed?: boolean;
  /** What the server left out; none if null. */
  leftOut: string | null;
}

const PERCENTILES = ['p50', 'p95', 'p99'] as const;

/** The number of rows before “show all”. */
const ROWS_MAX = 10;

/** What models, agents or flows cost, one per row. */
export function CostTable({ title, head, rows, isTimed = false, leftOut }: CostTableProps) {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? rows : rows.slice(0, ROWS_MAX);
  const heads = [head, ...Object.values(texts.columns), ...(isTimed ? Object.values(texts.times) : [])];
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: scrollable areas must be reachable with the keyboard. */}
      <div className={classes.scroll} role="region" aria-label={texts.table(title)} tabIndex={0}>
        <Table className={`${classes.table} ${narrow.table}`} aria-label={title}>
          <Table.Thead>
            <Table.Tr>
              {heads.map((label) => (
                <Table.Th key={label}>{label}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {shown.map(({ of, name, counts, times, before }) => (
              <Table.Tr key={`${of} ${counts.currency}`}>
                <Table.Th scope="row">{name}</Table.Th>
                {valuesOf(counts).map(({ column, value }) => (
                  <Table.Td
                    key={column}
                    data-label={column}
                    data-none={value === '0' || value === texts.noCost || undefined}
                  >
                    {value}
                  </Table.Td>
                ))}
                {isTimed &&
                  PERCENTILES.map((percentile) => (
                    <Table.Td key={percentile} data-label={texts.times[percentile]} data-none={!times || undefined}>
                      <TimeCell ms={times?.[`${percentile}_ms`]} before={before?.[`${percentile}_ms`]} />
                    </Table.Td>
                  ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      <TableFoot
        count={rows.length}
        onShowAll={rows.length > shown.length ? () => setWhole(true) : null}
        leftOut={leftOut}
      />
    </>
  );
}

function valuesOf(counts: CostCounts) {
  const { columns } = texts;
  const count = (column: string, value: number) => ({ column, value: formatNumber(value) });
  const lost = counts.tokens_lost;
  return [
    { column: columns.cost, value: costText(counts.cost, counts.currency) ?? texts.noCost },
    count(columns.calls, counts.calls),
    count(columns.input, counts.input_tokens),
    count(columns.cached, counts.cached_input_tokens),
    count(columns.written, counts.cache_write_tokens),
    count(columns.output, counts.output_tokens),
    {
      column: columns.lost,
      value: lost === 0 ? '0' : `${formatNumber(lost)} (${percent(lost, tokensOf(counts))})`,
    },
  ];
}
