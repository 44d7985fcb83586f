/** How long executions took, as percentiles, for each version of each flow. All functions are pure. */
import type { ExecutionRow } from '@/api/types';

type Row = Pick<ExecutionRow, 'flow_id' | 'flow_name' | 'flow_version' | 'status' | 'duration_ms'>;

export interface Latency {
  flow: string;
  name: string | null;
  version: number;
  executions: number;
  completed: number;
  /** In milliseconds. */
  p50: number;
  p95: number;
  p99: number;
}

/** One row for each version, those with the most executions first. What has not started took no time, and is left out. */
export function latenciesOf(rows: readonly Row[]): Latency[] {
  const groups = new Map<string, { row: Row; times: number[]; completed: number }>();
  for (const row of rows) {
    if (row.duration_ms === null || row.duration_ms === undefined) continue;
    const key = `${row.flow_id} ${row.flow_version}`;
    const group = groups.get(key) ?? { row, times: [], completed: 0 };
    group.times.push(Number(row.duration_ms));
    if (row.status === 'completed') group.completed += 1;
    groups.set(key, group);
  }
  const all = [...groups.values()].map(({ row, times, completed }) => ({
    flow: row.flow_id,
    name: row.flow_name ?? null,
    version: row.flow_version,
    executions: times.length,
    completed,
    p50: percentile(times, 50),
    p95: percentile(times, 95),
    p99: percentile(times, 99),
  }));
  return all.sort((a, b) => b.executions - a.executions || b.version - a.version);
}

/** Returns the two versions that stand side by side: those that are asked for, else the newest ones. `null` where one is all. */
export function pairOf(
  latencies: readonly Latency[],
  version: string | undefined,
  against: string | undefined,
): [Latency, Latency] | null {
  const newest = latencies.toSorted((a, b) => b.version - a.version);
  const numbered = (wanted: string | undefined) => newest.find((one) => String(one.version) === wanted);
  const one = numbered(version) ?? newest.find((candidate) => candidate !== numbered(against));
  const other = numbered(against) ?? newest.find((candidate) => candidate !== one);
  return one && other && newest.length > 1 ? [one, other] : null;
}

/** The nearest rank: the smallest value that at least so many percent of all are not above. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? 0;
}
