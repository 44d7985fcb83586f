/** A flow as a document: what is exported, and what can be imported. */
import type { Flow } from '@/api/types';

const KEYS = [
  'name',
  'description',
  'category',
  'tags',
  'is_template',
  'retry_on_failure',
  'retry_count',
  'timeout_seconds',
  'max_concurrent_executions',
  'context_id_template',
  'context_type_default',
  'flow_definition',
] as const;

/** What an answer of the API has besides the document; no import minds it. */
const SET_BY_SERVER = ['id', 'version', 'status', 'created_at', 'updated_at', 'execution_counts', 'is_current'];

export type FlowDocument = Record<string, unknown>;

/** The document of a flow, without what is true of this one flow alone. */
export function documentOf(flow: Flow): FlowDocument {
  return Object.fromEntries(KEYS.map((key) => [key, flow[key] ?? null]).filter(([, value]) => value !== null));
}

export type DocumentReading = { document: FlowDocument } | { fault: string };

/**
 * Reads a text as a document to import: an exported flow, an answer of the API, or bare nodes and edges.
 *
 * Whether it can run, the server says.
 */
export function readDocument(text: string, name = 'Imported flow'): DocumentReading {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { fault: 'A flow is a JSON object with `name` and `flow_definition`.' };
  }
  if ('nodes' in value && !('flow_definition' in value)) return { document: { name, flow_definition: value } };
  const document = Object.fromEntries(Object.entries(value).filter(([key]) => !SET_BY_SERVER.includes(key)));
  return { document };
}

/** A name that says what it was copied from: `Vendor review (copy)`, then `(copy 2)`. */
export function copyName(name: string, taken: ReadonlySet<string>): string {
  const stem = name.replace(/ \(copy(?: \d+)?\)$/, '').slice(0, 185);
  let wish = `${stem} (copy)`;
  for (let number = 2; taken.has(wish); number += 1) wish = `${stem} (copy ${number})`;
  return wish;
}
