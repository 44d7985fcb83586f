/** The copy of a draft in this browser: what the server does not have yet, so that no crash of either loses it. */
import type { DraftChange } from '@/api/flow-drafts';
import { isRecord, parseJsonOr, writeJson } from '@/lib/json';
import { readDefinition } from '../document/definition';

export interface LocalCopy extends DraftChange {
  /** When it was changed, in milliseconds since the epoch. */
  at: number;
}

const keyOf = (flow: string) => `steadflow.draft.${flow}`;

/** Returns the copy of a flow's draft; `null` if there is none that can be read. */
export function readLocalCopy(flow: string): LocalCopy | null {
  let text: string | null = null;
  try {
    text = localStorage.getItem(keyOf(flow));
  } catch {
    // Storage is disabled.
  }
  const stored = text === null ? null : parseJsonOr(text);
  if (!isRecord(stored)) return null;
  const { baseVersion, replaces, at } = stored;
  const reading = readDefinition(stored.definition);
  if ('fault' in reading || typeof baseVersion !== 'number' || typeof at !== 'number') return null;
  return { definition: reading.definition, baseVersion, replaces: typeof replaces === 'number' ? replaces : null, at };
}

/** Stores a copy. Returns whether it could: storage may be full or disabled. */
export function writeLocalCopy(flow: string, copy: LocalCopy): boolean {
  try {
    localStorage.setItem(keyOf(flow), writeJson(copy));
    return true;
  } catch {
    return false;
  }
}

export function dropLocalCopy(flow: string): void {
  try {
    localStorage.removeItem(keyOf(flow));
  } catch {
    // There is none then.
  }
}
