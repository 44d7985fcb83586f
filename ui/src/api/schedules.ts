/** Flows that start by themselves, and when. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { serverNow } from '@/lib/clock';
import { isRecord } from '@/lib/json';
import { millis } from '@/lib/time';
import { call } from './client';
import { toProblem } from './problem';
import type { components } from './schema';
import type { Flow } from './types';

/** A schedule of an active flow: when it starts next, and what it started last. */
export type ActiveSchedule = components['schemas']['ActiveSchedule'];

const SOON_MS = 2_000;
const AT_MOST_MS = 10_000;

/** Whether a flow, as it is saved, starts by itself while it is active. */
export function isScheduled({ flow_definition: { nodes } }: Flow): boolean {
  return nodes.some(({ type, schedule }) => type === 'trigger' && isRecord(schedule));
}

async function listSchedules(flow: string | undefined, signal: AbortSignal): Promise<readonly ActiveSchedule[]> {
  return (await call('GET', '/studio/schedules', { query: { flow_id: flow }, signal })).data;
}

/** The schedules of all active flows, by their next start. A change of any flow asks for them again. */
export const schedulesQuery = () =>
  queryOptions({
    queryKey: ['flows', 'schedules'],
    queryFn: ({ signal }) => listSchedules(undefined, signal),
    refetchInterval: ({ state }) => askAgainIn(state.data?.[0]?.next_start_at),
  });

/** Those of one active flow. The server has them a moment after the flow was activated. */
export const schedulesOfQuery = (flow: string) =>
  queryOptions({
    queryKey: ['flows', flow, 'schedules'],
    queryFn: ({ signal }) => listSchedules(flow, signal),
    refetchInterval: ({ state: { data } }) => (data?.length === 0 ? SOON_MS : askAgainIn(data?.[0]?.next_start_at)),
  });

/** The next moments of a cron expression, each with the offset of the time zone. */
export const nextStartsQuery = (cron: string, timezone: string, count: number) =>
  queryOptions({
    queryKey: ['next-starts', cron, timezone, count],
    queryFn: async ({ signal }) =>
      (await call('GET', '/studio/schedules/next', { query: { cron, timezone, count }, signal })).data.next,
    placeholderData: keepPreviousData,
    refetchInterval: ({ state }) =>
      // An expression with a fault has it for ever.
      state.error && !toProblem(state.error).isTransient ? false : askAgainIn(state.data?.[0]),
  });

/** Returns how long an answer holds: until the next start, but neither too short nor for ever. */
function askAgainIn(next: string | null | undefined): number {
  const left = (millis(next) ?? Number.POSITIVE_INFINITY) - serverNow();
  return Math.min(Math.max(left, SOON_MS), AT_MOST_MS);
}
