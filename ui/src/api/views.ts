/** Saved views: names for filters of the list of executions, kept on the server for each person. */
import { queryOptions } from '@tanstack/react-query';
import { call } from './client';

export const viewsKey = ['views'];

export const viewsQuery = () =>
  queryOptions({
    queryKey: viewsKey,
    queryFn: async ({ signal }) => (await call('GET', '/studio/views', { signal })).data,
  });

export async function saveView(name: string, query: string): Promise<void> {
  await call('PUT', '/studio/views/{name}', { path: { name }, body: { query } });
}

export async function deleteView(name: string): Promise<void> {
  await call('DELETE', '/studio/views/{name}', { path: { name } });
}
