/** Reasons why an action is unavailable, as sentences; `null` when it is available. */
import type { Flow } from '@/api/types';
import { type DraftState, isDirty } from './document/draft-store';
import { texts } from './texts';

export function whyNotSavable(state: DraftState, isSaving: boolean): string | null {
  if (isSaving) return texts.reasons.saving;
  if (state.conflict) return texts.reasons.conflict;
  if (state.jsonFault) return texts.reasons.json;
  if (!isDirty(state)) return texts.reasons.unchanged;
  return state.faults.length > 0 ? texts.reasons.faults(state.faults.length) : null;
}

/** Running saves first, so a draft that cannot be saved cannot be run. */
export function whyNotRunnable(state: DraftState, status: Flow['status'], isSaving: boolean): string | null {
  if (status === 'paused' || status === 'archived') return texts.reasons.stopped(status);
  return isDirty(state) || state.jsonFault ? whyNotSavable(state, isSaving) : null;
}
