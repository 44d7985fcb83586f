/** How expressions spell the way to a value. All functions are pure. */
import { writeJson } from '@/lib/json';

const WORD = /^[A-Za-z_]\w*$/;

/** Words of the expression language, and what every expression can read: a node with such an ID is named in full. */
const TAKEN = new Set([
  ...['and', 'or', 'not', 'in', 'is', 'if', 'else', 'true', 'false', 'none', 'null', 'True', 'False', 'None'],
  ...['trigger_data', 'context', 'execution', 'attempt', 'nodes', 'secrets', 'item', 'index', 'last', 'now', 'uuid'],
]);

/** Returns how an expression refers to the output of a node: by its bare ID where that is a free word. */
export function outputReference(id: string): string {
  if (WORD.test(id) && !TAKEN.has(id)) return id;
  return WORD.test(id) ? `nodes.${id}.output` : `nodes[${quoted(id)}].output`;
}

/** Returns the way from `base` to a value inside it, by keys of objects and indexes of lists: `score.items[0]["risk level"]`. */
export function pathTo(base: string, keys: readonly (string | number)[]): string {
  return keys.reduce<string>((path, key) => {
    if (typeof key === 'number') return `${path}[${key}]`;
    return WORD.test(key) ? `${path}.${key}` : `${path}[${quoted(key)}]`;
  }, base);
}

/** Writes a string of the expression language. */
function quoted(text: string): string {
  return writeJson(text);
}
