/**
 * Keeps a draft while it is edited: each change at once in this browser, and a moment later on the server.
 *
 * A change names the revision that it replaces, so nobody overwrites what somebody else has changed meanwhile.
 */
import { createStore } from 'zustand/vanilla';
import { discardDraft, type FlowDraft, getDraft, isDraftConflict, putDraft } from '@/api/flow-drafts';
import { toProblem } from '@/api/problem';
import type { FlowDefinition } from '@/api/types';
import { onReachable } from '@/lib/connection';
import { type DraftState, type DraftStore, isDirty } from '../document/draft-store';
import { dropLocalCopy, type LocalCopy, writeLocalCopy } from './local-copy';
import type { Opening } from './opening';

export interface Keeping {
  /** Where the last change is. */
  at: 'server' | 'sending' | 'browser' | 'nowhere';
  /** Why the server does not have it. */
  reason: string | null;
  /** Who changed the draft last that the server has, and when; `null` without one. */
  last: Pick<FlowDraft, 'updated_by' | 'updated_at'> | null;
  /** What somebody else has made of the draft meanwhile. */
  theirs: FlowDraft | null;
  /** What this browser had left, and the server has not. */
  leftover: LocalCopy | null;
}

const PAUSE_MS = 800;
const RETRY_MS = 5_000;

export type Keeper = ReturnType<typeof createKeeper>;

const calls = { get: getDraft, put: putDraft, discard: discardDraft };

export function createKeeper(flow: string, draft: DraftStore, opening: Opening, server = calls) {
  const keeping = createStore<Keeping>()(() => ({
    at: 'server',
    reason: null,
    last: opening.last,
    theirs: null,
    leftover: opening.leftover,
  }));
  let { revision } = opening;
  /** What the server has: its draft, or without one the saved version. */
  let sent: FlowDefinition | null = opening.sent;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running: Promise<void> | null = null;

  const state = () => draft.getState();
  const isSent = () => (isDirty(state()) ? state().present === sent : revision === null);

  /** Keeps the present document in this browser. */
  const keepHere = () => {
    const { present, version } = state();
    const copy = { definition: present, baseVersion: version, replaces: revision, at: Date.now() };
    return writeLocalCopy(flow, copy);
  };
  const schedule = (after: number) => {
    clearTimeout(timer);
    timer = setTimeout(() => void send(), after);
  };
  const changed = (now: DraftState, before: DraftState) => {
    if (now.present === before.present && now.saved === before.saved) return;
    if (isSent()) return;
    const isHere = keepHere();
    if (keeping.getState().theirs) return keeping.setState({ at: isHere ? 'browser' : 'nowhere' });
    keeping.setState({ at: isHere || isDirty(now) ? 'sending' : 'server' });
    schedule(PAUSE_MS);
  };

  const send = (): Promise<void> => {
    clearTimeout(timer);
    running ??= sendAll().finally(() => {
      running = null;
    });
    return running;
  };
  const sendAll = async () => {
    try {
      while (!isSent() && !keeping.getState().theirs) await sendOnce();
      if (isSent()) {
        dropLocalCopy(flow);
        keeping.setState({ at: 'server', reason: null });
      }
    } catch (error) {
      const problem = toProblem(error);
      keeping.setState({ at: keepHere() ? 'browser' : 'nowhere', reason: problem.detail });
      if (problem.isTransient) schedule(RETRY_MS);
    }
  };
  const sendOnce = async () => {
    const { present, version } = state();
    try {
      if (isDirty(state())) {
        const kept = await server.put(flow, { definition: present, baseVersion: version, replaces: revision });
        [revision, sent] = [kept.revision, present];
        keeping.setState({ last: kept });
      } else if (revision !== null) {
        await server.discard(flow, revision);
        [revision, sent] = [null, null];
        keeping.setState({ last: null });
      }
    } catch (error) {
      if (!isDraftConflict(error)) throw error;
      await meet(await server.get(flow));
    }
  };
  /** Somebody else has changed the draft, saved it or discarded it. */
  const meet = async (theirs: FlowDraft | null) => {
    if (theirs) keeping.setState({ theirs, at: keepHere() ? 'browser' : 'nowhere' });
    // Of what they have saved, the flow itself tells.
    else {
      [revision, sent] = [null, null];
      keeping.setState({ last: null });
    }
  };

  return {
    keeping,
    /** Begins, until the returned function is called. What is left then is sent without waiting for it. */
    start: () => {
      const stop = draft.subscribe(changed);
      if (!isSent()) schedule(0);
      const stopListening = onReachable((isReachable) => {
        if (isReachable && !isSent()) schedule(0);
      });
      return () => {
        stop();
        clearTimeout(timer);
        stopListening();
        if (!isSent()) void send();
      };
    },
    /** Sends what is left, and returns the revision of the draft. */
    flush: async (): Promise<number | null> => {
      while (running) await running;
      if (!isSent()) await send();
      return revision;
    },
    /** Records that the draft of a revision was saved as a version. */
    saved: (of: number | null) => {
      if (revision !== of) return;
      [revision, sent] = [null, null];
      keeping.setState({ last: null });
      if (isSent()) dropLocalCopy(flow);
      else schedule(PAUSE_MS);
    },
    /**
     * Told which revision the draft has on the server, looks at what somebody else has made of it, and shows that if nothing of ours
     * is unsent.
     */
    look: async (there: number | null) => {
      if (there === null || there === revision) return;
      if (running || !isSent() || keeping.getState().theirs) return;
      const before = revision;
      const theirs = await server.get(flow);
      if (running || revision !== before || (theirs?.revision ?? null) === revision) return;
      if (isSent()) keeping.setState({ theirs });
    },
    keepMine: () => {
      const { theirs } = keeping.getState();
      if (!theirs) return;
      [revision, sent] = [theirs.revision, null];
      keeping.setState({ theirs: null });
      schedule(0);
    },
    /** Shows what somebody else made, which can be undone. */
    loadTheirs: (definition: FlowDefinition) => {
      const { theirs } = keeping.getState();
      if (!theirs) return;
      [revision, sent] = [theirs.revision, definition];
      keeping.setState({ theirs: null, last: theirs, at: 'server', reason: null });
      state().replace(definition, 'theirs');
      dropLocalCopy(flow);
    },
    useLeftover: () => {
      const { leftover } = keeping.getState();
      keeping.setState({ leftover: null });
      if (leftover) state().replace(leftover.definition, 'leftover');
    },
    dropLeftover: () => {
      keeping.setState({ leftover: null });
      if (isSent()) dropLocalCopy(flow);
    },
  };
}
