import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { jsonText } from '@/lib/json-text';
import { dropPin, keepPin, readPins } from './pins';
import { lastOutputsQuery } from './queries';

/** A value that stands in for what a node gave back. */
export interface Pin {
  /** A node's id, or `TRIGGER`. */
  name: string;
  text: string;
  /** What the text says; absent while it is no JSON. */
  reading: { value: unknown } | null;
  /** Where the text comes from. */
  origin: 'kept' | 'execution' | 'nothing';
  /** When the last execution that has such a value was made. */
  executedAt: string | null;
}

/** The pins of a flow under these names: as they were kept, else from the last execution that has them, else `{}`. */
export function usePins(flow: string, names: readonly string[]) {
  const [kept, setKept] = useState(() => readPins(flow));
  const last = useQuery({ ...lastOutputsQuery(flow, names), enabled: names.length > 0 });

  const pins = names.map((name): Pin => {
    const executed = last.data?.get(name);
    const own = kept.get(name);
    const text = own ?? (executed ? jsonText(executed.value) : '{}');
    const origin = own !== undefined ? 'kept' : executed ? 'execution' : 'nothing';
    return { name, text, reading: read(text), origin, executedAt: executed?.at ?? null };
  });
  const set = (name: string, text: string) => {
    setKept(new Map([...kept, [name, text]]));
    if (read(text)) keepPin(flow, name, text);
  };
  /** Goes back to what the last execution has. */
  const unpin = (name: string) => {
    setKept(new Map([...kept].filter(([other]) => other !== name)));
    dropPin(flow, name);
  };
  return { pins, isLoading: last.isLoading, set, unpin };
}

function read(text: string): Pin['reading'] {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return null;
  }
}
