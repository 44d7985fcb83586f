/** The switch that pauses everything. */
import { queryOptions, useQuery } from '@tanstack/react-query';
import { call } from './client';
import type { components } from './schema';

export type Pause = components['schemas']['Pause'];

export const pauseKey = ['pause'];

/** Whether everything is paused. Polled, because the banner is on every page. */
export const pauseQuery = () =>
  queryOptions({
    queryKey: pauseKey,
    queryFn: async ({ signal }) => (await call('GET', '/studio/pause', { signal })).data,
    refetchInterval: 5_000,
  });

/** Whether everything is paused, as far as is known. */
export function useIsPaused(): boolean {
  return useQuery(pauseQuery()).data?.paused === true;
}

export async function pauseEverything(reason: string): Promise<Pause> {
  return (await call('POST', '/studio/pause', { body: reason ? { reason } : {} })).data;
}

export async function resumeEverything(): Promise<Pause> {
  return (await call('POST', '/studio/resume')).data;
}
