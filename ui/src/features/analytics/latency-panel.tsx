import { Table } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Panel } from '@/components/panel';
import { formatNumber } from '@/lib/locale';
import type { Period } from './compare';
import { costsQuery } from './cost-queries';
import classes from './costs.module.css';
import { latenciesOf, pairOf } from './latency';
import narrow from './latency.module.css';
import { endedQuery } from './queries';
import { percent } from './shape';
import { texts } from './texts';
import { TimeCell } from './time-cell';
import { VersionComparison } from './version-comparison';

const PERCENTILES = ['p50', 'p95', 'p99'] as const;

/** The number of rows that are shown. */
const ROWS_MAX = 20;

interface LatencyPanelProps {
  flow: string | undefined;
  from: string;
  /** The period to compare with. */
  other: Period;
  /** The versions that stand side by side, as in the address. */
  version: string | undefined;
  against: string | undefined;
  onVersions: (version: string, against: string) => void;
}

/** How long executions took, by version, and how that differs from the other period. Two versions of a flow stand side by side. */
export function LatencyPanel({ flow, from, other, version, against, onVersions }: LatencyPanelProps) {
  const rows = useQuery(endedQuery(flow, from)).data ?? [];
  const [start, end] = [new Date(other.from).toISOString(), new Date(other.to).toISOString()];
  const before = latenciesOf(useQuery(endedQuery(flow, start, end)).data ?? []);
  const all = latenciesOf(rows);
  const latencies = all.slice(0, ROWS_MAX);
  // While another flow is being loaded, the rows are those of the flow before.
  const versions = all.filter((one) => one.flow === flow);
  const pair = pairOf(versions, version, against);
  const costs = useQuery({ ...costsQuery({ flow_id: flow, from }), enabled: pair !== null }).data;
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
            {latencies
              .map((one) => ({
                one,
                was: before.find(({ flow: id, version: number }) => id === one.flow && number === one.version),
              }))
              .map(({ one, was }) => (
                <Table.Tr key={`${one.flow} ${one.version}`}>
                  <Table.Th scope="row">{one.name ?? texts.flows.unnamed}</Table.Th>
                  <Table.Td data-label={latency.version}>{one.version}</Table.Td>
                  <Table.Td data-label={latency.executions}>{formatNumber(one.executions)}</Table.Td>
                  <Table.Td data-label={latency.success}>{percent(one.completed, one.executions)}</Table.Td>
                  {PERCENTILES.map((percentile) => (
                    <Table.Td key={percentile} data-label={latency[percentile]}>
                      <TimeCell ms={one[percentile]} before={was?.[percentile]} />
                    </Table.Td>
                  ))}
                </Table.Tr>
              ))}
          </Table.Tbody>
        </Table>
      </div>
      {pair && <VersionComparison versions={versions} pair={pair} costs={costs} onVersions={onVersions} />}
    </Panel>
  );
}
