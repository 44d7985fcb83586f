/** Names for completion, from what sources have. All functions are pure. */

import { writeJson } from '@/lib/json';
import type { Name } from '../form/name';
import { pathTo } from './paths';
import { type Shape, shapeText, valueAt } from './shape';

/** A value that expressions can read. */
export interface NamedSource {
  base: string;
  /** What it is: `output of Fetch`. */
  detail: string;
  shape: Shape;
  value: { value: unknown } | null;
}

const NAMES_MAX = 120;
const DEPTH_MAX = 5;
const SAMPLE_MAX = 40;

/** Returns the names of a source: itself, its fields, and theirs. Of a list, the first entry. */
export function namesOf({ base, detail, shape, value }: NamedSource): Name[] {
  const names: Name[] = [{ name: base, detail }];
  const queue: { keys: (string | number)[]; shape: Shape; doc?: string }[] = [{ keys: [], shape }];
  for (let next = queue.shift(); next && names.length < NAMES_MAX; next = queue.shift()) {
    const { keys, shape: at } = next;
    if (keys.length >= DEPTH_MAX) continue;
    if (at.entry) queue.push({ keys: [...keys, 0], shape: at.entry });
    for (const field of at.fields ?? []) {
      const inner = [...keys, field.key];
      const name = pathTo(base, inner);
      names.push({
        name,
        detail: sampleAt(value, inner, field.shape),
        ...(field.doc !== undefined && { doc: field.doc }),
      });
      queue.push({ keys: inner, shape: field.shape });
    }
  }
  return names.slice(0, NAMES_MAX);
}

/** Returns a short value as it is, and of others what they are. */
function sampleAt(value: { value: unknown } | null, keys: readonly (string | number)[], shape: Shape): string {
  const found = value ? valueAt(value.value, keys) : undefined;
  if (found === undefined || (typeof found === 'object' && found !== null && (shape.fields || shape.entry))) {
    return shapeText(shape, SAMPLE_MAX);
  }
  const text = writeJson(found);
  return text.length > SAMPLE_MAX ? `${text.slice(0, SAMPLE_MAX)}…` : text;
}

/** Returns the names of sources before those that are known without values, each once. */
export function withValues(sources: readonly NamedSource[], known: readonly Name[]): Name[] {
  const named = sources.flatMap(namesOf);
  const seen = new Set(named.map(({ name }) => name));
  return [...named, ...known.filter(({ name }) => !seen.has(name))];
}
