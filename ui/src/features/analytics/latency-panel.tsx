import { Table } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Panel } from '@/components/panel';
import { formatNumber } from '@/lib/locale';
import { formatDuration } from '@/lib/time';
import classes from './costs.module.css';
import { latenciesOf } from './latency';
import narrow from './latency.module.css';
import { endedQuery } from './queries';
import { percent } from './shape';
import { texts } from './texts';

/** The number of rows that are shown. */
const ROWS_MAX = 20;

/** How long executions took, by version: two versions of a flow stand side by side. */
export function LatencyPanel({ flow, from }: { flow: string | undefined; from: string }) {
  const rows = useQuery(endedQuery(flow, from)).data ?? [];
  const latencies = latenciesOf(rows).slice(0, ROWS_MAX);
  const { latency } = texts;
  if (latencies.length === 0) return null;
  const heads = [
    latency.name,
    latency.version,
    latency.executions,
    latency.success,
    latency.p50,
    latency.p95,
    latency.p99,
  ];
  return (
    <Panel title={latency.title} aside={latency.hint(rows.length)} flush>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: scrollable areas must be reachable with the keyboard. */}
      <div className={classes.scroll} role="region" aria-label={latency.table} tabIndex={0}>
        <Table className={`${classes.table} ${narrow.table}`} aria-label={latency.title}>
          <Table.Thead>
            <Table.Tr>
              {heads.map((head) => (
                <Table.Th key={head}>{head}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {latencies.map((one) => (
              <Table.Tr key={`${one.flow} ${one.version}`}>
                <Table.Th scope="row">{one.name ?? texts.flows.unnamed}</Table.Th>
                <Table.Td data-label={latency.version}>{one.version}</Table.Td>
                <Table.Td data-label={latency.executions}>{formatNumber(one.executions)}</Table.Td>
                <Table.Td data-label={latency.success}>{percent(one.completed, one.executions)}</Table.Td>
                <Table.Td data-label={latency.p50}>{formatDuration(one.p50)}</Table.Td>
                <Table.Td data-label={latency.p95}>{formatDuration(one.p95)}</Table.Td>
                <Table.Td data-label={latency.p99}>{formatDuration(one.p99)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
    </Panel>
  );
}
