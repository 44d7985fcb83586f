/** Templates by use: example flows of the server, made ready for where they are used. */
import { queryOptions } from '@tanstack/react-query';
import { Problem } from '@/api/problem';
import { isRecord, type Json, jsonText, parseJson } from '@/lib/json';
import type { FlowDocument } from './flow-document';
import { texts as ofStarters } from './starter-texts';

const texts = ofStarters.templates;

export interface Template {
  id: string;
  /** What it is for, in a word or two. */
  use: string;
  /** The name of the flow. */
  name: string;
  detail: string;
  document: FlowDocument;
  /** What has to be there before it runs; empty where it runs as it is. */
  needs: readonly string[];
}

/** The examples that are templates, by their use. */
const USES = [
  { id: 'router', use: texts.uses.router },
  { id: 'research-agent', use: texts.uses['research-agent'] },
  { id: 'order-saga', use: texts.uses['order-saga'] },
  { id: 'nightly-batch', use: texts.uses['nightly-batch'] },
  { id: 'refund', use: texts.uses.refund },
] as const;

/** How examples call the demo service. */
const PEER = 'http://demo-peer';
/** What stands in its place where there is none. It is reserved, so that nothing is called by mistake. */
const NO_PEER = 'https://service.example';

/** `demo` is the address of the demo service; `null` where there is none. */
export const templatesQuery = (demo: string | null) =>
  queryOptions({
    queryKey: ['flow-templates', demo],
    queryFn: ({ signal }) => Promise.all(USES.map(async (use) => templateOf(use, await fetched(use.id, signal), demo))),
    staleTime: Number.POSITIVE_INFINITY,
  });

async function fetched(id: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(`/examples/${id}.json`, { signal });
  if (!response.ok) throw new Problem(response.status, texts.gone, texts.goneDetail(id));
  return response.text();
}

/** Makes a template of an example: a flow, or a flow with the agents that it asks. */
export function templateOf({ id, use }: { id: string; use: string }, text: string, demo: string | null): Template {
  const file = parseJson(text.replaceAll(PEER, demo ?? NO_PEER));
  if (!isRecord(file)) throw new SyntaxError(`The example ${id} is not an object.`);
  const flow = isRecord(file.flow) ? file.flow : file;
  const agents = Array.isArray(file.agents) ? file.agents.filter(isRecord) : [];
  const { category: _, ...document } = flow;
  const needs = demo === null ? needsOf(agents, document) : [];
  return { id, use, name: String(flow.name), detail: String(flow.description ?? ''), document, needs };
}

function needsOf(agents: readonly Record<string, unknown>[], document: Record<string, unknown>): string[] {
  const asked = agents.map(({ name, description }) =>
    texts.agent(String(name), String(description ?? '').split('. ')[0] ?? ''),
  );
  const calls = jsonText(document as Json).includes(NO_PEER);
  return [...asked, ...(calls ? [texts.services(NO_PEER)] : [])];
}
