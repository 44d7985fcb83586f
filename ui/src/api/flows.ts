/** Calls about flows, and the queries that more than one feature reads. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { rememberStarted } from '@/lib/started';
import { call, everyRow } from './client';
import { type Damaged, damagedOf, type Listed, parted, rowsOf } from './damaged';
import type { Fault } from './problem';
import type { components } from './schema';
import type { Flow, FlowDefinition, FlowInput, FlowPatch, FlowStatus, FlowVersion } from './types';

type Schemas = components['schemas'];

const PAGE = 100;
/** Enough for most installations; with more flows, people search. */
const PAGES_MAX = 20;

/** Returns every flow, newest first. */
async function listFlows(signal?: AbortSignal): Promise<Listed<Flow>> {
  const flows = await everyRow((cursor) => listPage(cursor, signal), PAGES_MAX);
  const { rows, damaged } = parted<Schemas['Flow'], Damaged>(flows);
  return { rows: rows.map(received), damaged };
}

function listPage(cursor: string | null, signal: AbortSignal | undefined) {
  return call('GET', '/studio/flows', { query: { limit: PAGE, cursor }, signal });
}

const FOUND_MAX = 8;

/** Flows with `text` in the name, newest first; without a text, the newest. */
export const foundFlowsQuery = (text: string) =>
  queryOptions({
    queryKey: ['flows', 'found', text],
    queryFn: async ({ signal }) => {
      const { data } = await call('GET', '/studio/flows', {
        query: { q: text.slice(0, 200), limit: FOUND_MAX },
        signal,
      });
      return parted<Schemas['Flow'], Damaged>(data).rows.map(received);
    },
    placeholderData: keepPreviousData,
  });

export async function getFlow(id: string, version?: number, signal?: AbortSignal): Promise<Flow> {
  return received((await call('GET', '/studio/flows/{id}', { path: { id }, query: { version }, signal })).data);
}

export async function createFlow(document: FlowInput): Promise<Flow> {
  return received((await call('POST', '/studio/flows', { body: sent(document) })).data);
}

/** Creates a draft from a template. */
export async function instantiateTemplate(id: string, name: string, folder: string | null): Promise<Flow> {
  const options = { path: { id }, body: { name, folder } };
  return received((await call('POST', '/studio/flows/templates/{id}/instantiate', options)).data);
}

/** What is said of a change beside what it changes. */
export interface Saving {
  /** The revision of the draft that is saved; it is discarded with the change. */
  endsDraft?: number | null;
  /** What is written about the new version. */
  note?: string | undefined;
}

/**
 * Changes the given keys of the flow that has this tag; a change of the document creates a new version.
 *
 * Throws a `Problem` that `isConflict` when the flow was changed elsewhere.
 */
export async function patchFlow(
  id: string,
  changes: FlowPatch,
  etag: string | undefined,
  { endsDraft, note }: Saving = {},
): Promise<Flow> {
  const options = { path: { id }, query: { ends_draft: endsDraft, note }, body: sent(changes), ifMatch: etag };
  return received((await call('PATCH', '/studio/flows/{id}', options)).data);
}

export async function setFlowStatus(id: string, status: FlowStatus): Promise<void> {
  if (status === 'active') await call('PATCH', '/studio/flows/{id}/activate', { path: { id } });
  else await call('PATCH', '/studio/flows/{id}', { path: { id }, body: { status } });
}

export async function deleteFlow(id: string): Promise<void> {
  await call('DELETE', '/studio/flows/{id}', { path: { id } });
}

/** The versions of a flow, newest first. */
export async function listVersions(
  id: string,
  signal: AbortSignal,
): Promise<Listed<FlowVersion, Schemas['DamagedVersion']>> {
  const page = (cursor: string | null) =>
    call('GET', '/studio/flows/{id}/versions', { path: { id }, query: { cursor }, signal });
  const versions = await everyRow(page, PAGES_MAX);
  const { rows, damaged } = parted<Schemas['FlowVersion'], Schemas['DamagedVersion']>(versions);
  return { rows: rows.map(received), damaged };
}

/** Creates a new version with the document of an older one. */
export async function restoreVersion(id: string, version: number): Promise<Flow> {
  const options = { path: { id }, query: { version } };
  return received((await call('POST', '/studio/flows/{id}/restore-version', options)).data);
}

/** What the server says about a document. */
export interface Verdict {
  /** What keeps it from being stored. */
  faults: Fault[];
  /** What is probably not meant in a document without faults. */
  warnings: Fault[];
}

export async function validateFlow(document: FlowInput, signal: AbortSignal): Promise<Verdict> {
  const { data } = await call('POST', '/studio/flows/validate', { body: sent(document), signal });
  return { faults: asFaults(data.errors), warnings: asFaults(data.warnings) };
}

function asFaults(found: readonly Schemas['DocumentFault'][]): Fault[] {
  return found.map(({ pointer, message }) => ({ pointer, detail: message }));
}

/** What is probably not meant in a flow, as the server says in an answer about this flow alone. */
export function warningsOf(flow: Flow): Fault[] {
  return asFaults(flow.warnings ?? []);
}

export type StartBody = Schemas['Execute'];

/** Starts an execution and returns its id; calls with the same key return the same execution. */
export async function executeFlow(id: string, body: StartBody, idempotencyKey: string): Promise<string> {
  const { data } = await call('POST', '/studio/flows/{id}/execute', { path: { id }, body, idempotencyKey });
  // The whole execution is returned only with `wait`.
  const execution = 'execution_id' in data ? data.execution_id : data.id;
  rememberStarted(execution);
  return execution;
}

export type NodeTestBody = Omit<Schemas['TestNode'], 'flow_definition'> & { flow_definition: FlowDefinition };
/** The result of one attempt of a node. */
export type NodeTest = Schemas['NodeTest'];

/** Runs one attempt of a node outside any execution. Nothing is stored. */
export async function testNode(body: NodeTestBody, signal: AbortSignal): Promise<NodeTest> {
  return (await call('POST', '/studio/flows/test-node', { body: sent(body), signal })).data;
}

type Received<Document> = Omit<Document, 'flow_definition'> & { flow_definition: FlowDefinition };

/** A document as the studio holds it: its graph always has `edges`, and its nodes may have any type. */
function received<Document extends Schemas['FlowDocument']>(document: Document): Received<Document> {
  const { flow_definition: graph, ...rest } = document;
  return { ...rest, flow_definition: { ...graph, edges: graph.edges ?? [] } as FlowDefinition };
}

type Sent<Document> = {
  [Key in keyof Document]: Document[Key] extends FlowDefinition | undefined ? Schemas['FlowDefinition'] : Document[Key];
};

/** A document as it is sent. The server validates the types of its nodes. */
function sent<Document extends { flow_definition?: FlowDefinition }>(document: Document): Sent<Document> {
  return document as unknown as Sent<Document>;
}

function foldersOf(flows: Listed<Flow>): string[] {
  return [...new Set(rowsOf(flows).flatMap(({ folder }) => folder ?? []))].sort();
}

/** The flows that can be read. */
export const flowsQuery = () =>
  queryOptions({
    queryKey: ['flows'],
    queryFn: ({ signal }) => listFlows(signal),
    staleTime: 10_000,
    select: rowsOf<Flow>,
  });

/** The folders that have flows. */
export const foldersQuery = () => ({ ...flowsQuery(), select: foldersOf });

/** The others. */
export const damagedFlowsQuery = () => ({ ...flowsQuery(), select: damagedOf });

export const flowQuery = (id: string) =>
  queryOptions({ queryKey: ['flows', id], queryFn: ({ signal }) => getFlow(id, undefined, signal) });

/** A flow at `version`. Versions never change, so each is fetched once. */
export const flowVersionQuery = (id: string, version: number) =>
  queryOptions({
    queryKey: ['flows', id, 'versions', version],
    queryFn: ({ signal }) => getFlow(id, version, signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
