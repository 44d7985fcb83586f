import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { endPresence, type OtherTab, putPresence } from '@/api/flow-presence';
import { idempotencyKey } from '@/lib/keys';
import type { Keeper } from './keeper';

/** The server shows a tab for 40 seconds after it was heard of. */
const EVERY_MS = 20_000;

const TAB = idempotencyKey();
const NOBODY: readonly OtherTab[] = [];

/**
 * Says that a flow is open in this tab, again and again while somebody can see it, and returns in which others it is. Each answer
 * says, too, whether somebody else has changed the draft.
 */
export function usePresence(flow: string, keeper: Keeper, isKept: boolean): readonly OtherTab[] {
  const { data, dataUpdatedAt } = useQuery({
    queryKey: ['flow-presence', flow],
    queryFn: ({ signal }) => putPresence(flow, TAB, signal),
    enabled: isKept,
    // Not while the page is hidden.
    refetchInterval: EVERY_MS,
    refetchOnWindowFocus: 'always',
    gcTime: 0,
  });
  const revision = data?.draft_revision ?? null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: each answer is looked at, also one that says the same.
  useEffect(() => {
    keeper.look(revision).catch(() => undefined);
  }, [keeper, revision, dataUpdatedAt]);
  useEffect(() => {
    if (!isKept) return;
    const end = () => void endPresence(flow, TAB).catch(() => undefined);
    window.addEventListener('pagehide', end);
    return () => {
      window.removeEventListener('pagehide', end);
      end();
    };
  }, [flow, isKept]);
  return data?.others ?? NOBODY;
}
