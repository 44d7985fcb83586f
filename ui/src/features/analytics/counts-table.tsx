import { Table } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { RetryCounts } from '@/api/reports';
import type { Period } from '@/lib/periods';
import { formatDuration } from '@/lib/time';
import classes from './analytics.module.css';
import { percent } from './shape';
import { texts } from './texts';

interface Row {
  key: string;
  name: string;
  detail: string | null;
  flow: string;
  counts: RetryCounts;
}

interface CountsTableProps {
  head: string;
  rows: readonly Row[];
  period: Period;
}

/** Outcomes of flows or nodes, a row each, those that failed most first. A name leads to its executions. */
export function CountsTable({ head, rows, period }: CountsTableProps) {
  const { columns } = texts;
  const sorted = [...rows].sort(
    (a, b) => b.counts.failed_attempts - a.counts.failed_attempts || b.counts.executions - a.counts.executions,
  );
  return (
    <Table.ScrollContainer minWidth={680}>
      <Table horizontalSpacing="md">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{head}</Table.Th>
            {Object.values(columns).map((label) => (
              <Table.Th key={label} ta="right">
                {label}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {sorted.map(({ key, name, detail, flow, counts }) => (
            <Table.Tr key={key}>
              <Table.Td>
                <Link className={classes.link ?? ''} to="/executions" search={{ flow, period }}>
                  {name}
                </Link>
                {detail && <div className={classes.hint}>{detail}</div>}
              </Table.Td>
              {[
                counts.executions.toLocaleString('en'),
                percent(counts.first_try, counts.executions),
                counts.recovered.toLocaleString('en'),
                counts.exhausted.toLocaleString('en'),
                counts.timed_out.toLocaleString('en'),
                counts.attempts.toLocaleString('en'),
                formatDuration(counts.failed_attempts_ms + counts.backoff_ms),
              ].map((value, at) => (
                <Table.Td key={Object.keys(columns)[at]} ta="right" className={classes.number}>
                  {value}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
