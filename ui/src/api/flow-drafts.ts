/** Drafts of flows: what somebody has changed and not saved as a version. The server keeps one for each flow. */
import { queryOptions } from '@tanstack/react-query';
import { call } from './client';
import { Problem } from './problem';
import type { components } from './schema';
import type { FlowDefinition } from './types';

type Schemas = components['schemas'];

/** A draft as the server keeps it; its graph may be anything. */
export type FlowDraft = Schemas['DraftView'];

/** Returns the draft of a flow; `null` if there is none. */
export async function getDraft(id: string, signal?: AbortSignal): Promise<FlowDraft | null> {
  return (await call('GET', '/studio/flows/{id}/draft', { path: { id }, signal })).data ?? null;
}

export interface DraftChange {
  definition: FlowDefinition;
  /** The version of the flow that it was begun from. */
  baseVersion: number;
  /** The revision of the draft that it replaces; `null` if there must be none. */
  replaces: number | null;
}

/** Keeps a draft and returns it as it is then. Throws a `Problem` that `isDraftConflict` if another one is current. */
export async function putDraft(id: string, { definition, baseVersion, replaces }: DraftChange): Promise<FlowDraft> {
  const body = {
    flow_definition: definition as unknown as Schemas['DefinitionDraft'],
    base_version: baseVersion,
    ...(replaces !== null && { replaces }),
  };
  return (await call('PUT', '/studio/flows/{id}/draft', { path: { id }, body })).data;
}

export async function discardDraft(id: string, revision: number): Promise<void> {
  await call('DELETE', '/studio/flows/{id}/draft', { path: { id }, query: { revision } });
}

export function isDraftConflict(error: unknown): boolean {
  return error instanceof Problem && error.type.endsWith('#draft-conflict');
}

/** The draft as it is when the editor opens. From then on, the editor keeps it. */
export const draftQuery = (id: string) =>
  queryOptions({
    queryKey: ['flow-drafts', id],
    queryFn: ({ signal }) => getDraft(id, signal),
    staleTime: 0,
    gcTime: 0,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
