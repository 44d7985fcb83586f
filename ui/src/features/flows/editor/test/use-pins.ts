import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { jsonText, parseJsonOr } from '@/lib/json';
import { dropPin, keepPin, readPins } from './pins';
import { lastOutputsQuery } from './queries';

/** A value that replaces the output of a node in a test. */
export interface Pin {
  /** A node's id, or `TRIGGER`. */
  name: string;
  text: string;
  /** The parsed text; `null` while it is not valid JSON. */
  reading: { value: unknown } | null;
  /** Where the text comes from. */
  origin: 'kept' | 'execution' | 'nothing';
  /** When the last execution with such a value was created. */
  executedAt: string | null;
}

/** Returns the pins of a flow: as pinned, else from the last execution with that value, else `{}`. */
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
  /** Returns to the value of the last execution. */
  const unpin = (name: string) => {
    setKept(new Map([...kept].filter(([other]) => other !== name)));
    dropPin(flow, name);
  };
  return { pins, isLoading: last.isLoading, set, unpin };
}

function read(text: string): Pin['reading'] {
  const value = parseJsonOr(text);
  return value === undefined ? null : { value };
}
