/** Validates the draft on the server, shortly after each change. */
import { onReachable } from '@/lib/connection';
import type { DraftStore } from './draft-store';
import { placeFaults } from './faults';
import { type CheckedSettings, checkDefinition } from './queries';

const PAUSE_MS = 300;

/** Watches until the returned function is called. */
export function watchFaults(store: DraftStore, settings: CheckedSettings): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asked = new AbortController();

  const check = async () => {
    asked.abort();
    asked = new AbortController();
    const { signal } = asked;
    const { present, setChecking, setFindings } = store.getState();
    setChecking('checking');
    try {
      const { faults, warnings } = await checkDefinition(settings, present, signal);
      if (signal.aborted) return;
      setFindings({ faults: placeFaults(faults, present), warnings: placeFaults(warnings, present) }, present);
    } catch {
      if (!signal.aborted) setChecking('unreachable');
    }
  };

  const unsubscribe = store.subscribe((state, before) => {
    if (state.present === before.present) return;
    clearTimeout(timer);
    timer = setTimeout(() => void check(), PAUSE_MS);
  });
  const forget = onReachable((reachable) => {
    if (reachable && store.getState().checking === 'unreachable') void check();
  });
  void check();
  return () => {
    clearTimeout(timer);
    asked.abort();
    unsubscribe();
    forget();
  };
}
