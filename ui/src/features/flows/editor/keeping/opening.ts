/** What the editor opens with: the saved version, the draft that the server keeps, or what only this browser has. */
import type { FlowDraft } from '@/api/flow-drafts';
import type { Flow, FlowDefinition } from '@/api/types';
import { isSameJson } from '@/lib/json';
import { readDefinition } from '../document/definition';
import { definitionOf } from '../document/draft-store';
import type { LocalCopy } from './local-copy';

export interface Opening {
  /** What is edited; `null` for the saved version. */
  draft: { definition: FlowDefinition; baseVersion: number } | null;
  /** The revision of the draft that the server has. */
  revision: number | null;
  /** What the server has as the draft; `null` without one. */
  sent: FlowDefinition | null;
  /** Who changed the draft of the server last, and when. */
  last: Pick<FlowDraft, 'updated_by' | 'updated_at'> | null;
  /** What this browser has and the server does not, where somebody has changed the draft since. */
  leftover: LocalCopy | null;
  /** Why the draft of the server cannot be edited. */
  fault: string | null;
}

export function openingOf(flow: Flow, kept: FlowDraft | null, local: LocalCopy | null): Opening {
  const revision = kept?.revision ?? null;
  const reading = kept ? readDefinition(kept.flow_definition) : null;
  const fault = reading && 'fault' in reading ? reading.fault : null;
  const sent = reading && 'definition' in reading ? reading.definition : null;
  const theirs = kept && sent ? { definition: sent, baseVersion: kept.base_version } : null;
  const opening = { revision, sent, last: kept, fault };
  if (!local || isSameJson(local.definition, sent ?? definitionOf(flow))) {
    return { ...opening, draft: theirs, leftover: null };
  }
  // Nobody has changed it since this browser did.
  if (local.replaces === revision) return { ...opening, draft: local, leftover: null };
  return { ...opening, draft: theirs, leftover: local };
}
