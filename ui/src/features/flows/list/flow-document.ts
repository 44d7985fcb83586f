/** Flow documents: export and import. */

import { FLOW_SETTINGS } from '@/api/flow-settings';
import type { Flow } from '@/api/types';
import { isRecord, parseJson } from '@/lib/json';
import { texts } from './starter-texts';

const KEYS = [...FLOW_SETTINGS, 'flow_definition'] as const;

/** Keys of an API response that are not part of the document; imports ignore them. */
const SET_BY_SERVER = [
  'id',
  'version',
  'status',
  'folder',
  'draft',
  'created_at',
  'updated_at',
  'execution_counts',
  'is_current',
];

export type FlowDocument = Record<string, unknown>;

/** Returns the document of a flow, without what identifies this flow. */
export function documentOf(flow: Flow): FlowDocument {
  return Object.fromEntries(KEYS.map((key) => [key, flow[key] ?? null]).filter(([, value]) => value !== null));
}

export type DocumentReading = { document: FlowDocument } | { fault: string };

/**
 * Reads text as a document to import: an exported flow, an API response, or bare nodes and edges.
 *
 * The server decides whether it can run.
 */
export function readDocument(text: string, name: string = texts.imported): DocumentReading {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
  if (!isRecord(value)) {
    return { fault: texts.noFlow };
  }
  if ('nodes' in value && !('flow_definition' in value)) return { document: { name, flow_definition: value } };
  const document = Object.fromEntries(Object.entries(value).filter(([key]) => !SET_BY_SERVER.includes(key)));
  return { document };
}

/** Returns an unused name for a copy: `Vendor review (copy)`, then `(copy 2)`. */
export function copyName(name: string, taken: ReadonlySet<string>): string {
  const stem = name.replace(/ \(copy(?: \d+)?\)$/, '').slice(0, 185);
  let wish = `${stem} (copy)`;
  for (let number = 2; taken.has(wish); number += 1) wish = `${stem} (copy ${number})`;
  return wish;
}
