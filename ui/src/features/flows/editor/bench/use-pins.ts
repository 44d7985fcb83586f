import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';
import { nodeById } from '../document/definition';
import { useDraft, useDraftStore } from '../document/draft-context';
import { useBench, useBenchStore } from './bench-context';
import { type LastOutputs, lastOutputsQuery } from './last-outputs';
import { type Pin, pinOf } from './pin';

const NOTHING: LastOutputs = new Map();

/** Returns what is pinned for these names, in their order, and whether the last executions are still loading. */
export function usePins(flow: string, names: readonly string[]): { pins: readonly Pin[]; isLoading: boolean } {
  const kept = useBench((state) => state.pins);
  const definition = useDraft((state) => state.present);
  const last = useQuery({ ...lastOutputsQuery(flow), enabled: names.length > 0 });
  const executed = last.data ?? NOTHING;
  const pins = useMemo(
    () => names.map((name) => pinOf(name, kept.get(name), executed.get(name), nodeById(definition, name))),
    [names, kept, executed, definition],
  );
  return { pins, isLoading: last.isLoading };
}

export type PinLookup = (names: readonly string[]) => Promise<readonly Pin[]>;

/** Returns a function that looks up pins as they are when it is called. Without an answer about executions, there are none of them. */
export function usePinLookup(flow: string): PinLookup {
  const store = useDraftStore();
  const bench = useBenchStore();
  const queries = useQueryClient();
  return useCallback(
    async (names) => {
      const known =
        names.length === 0 ? NOTHING : await queries.ensureQueryData(lastOutputsQuery(flow)).catch(() => NOTHING);
      const { present } = store.getState();
      const { pins } = bench.getState();
      return names.map((name) => pinOf(name, pins.get(name), known.get(name), nodeById(present, name)));
    },
    [store, bench, queries, flow],
  );
}

/** Returns pins as the values that a test is given. Where there is none, the server says so. */
export function valuesOf(pins: readonly Pin[]): { trigger_data?: unknown; outputs: Record<string, unknown> } {
  const values = pins.flatMap(({ name, reading }) => (reading ? [[name, reading.value] as const] : []));
  const trigger = values.find(([name]) => name === '');
  const outputs = Object.fromEntries(values.filter(([name]) => name !== ''));
  return { ...(trigger && { trigger_data: trigger[1] }), outputs };
}
