/** Names of nodes inside expressions. */
import { isRecord } from '@/lib/json';
import { outputReference } from './paths';

/** Keys whose strings are expressions without `${ }` around them. */
const BARE = new Set(['condition', 'field']);

const TEMPLATES = /\$\{[^}]*\}/g;

type Names = ReadonlyMap<string, string>;

/** Renames nodes, old id to new, in every expression inside `value`; returns `value` itself when it names none. */
export function renameReferences<T>(value: T, names: Names): T {
  return renamed(value, names, false) as T;
}

/** Returns every word in the expressions inside `value` that may name an output, and `trigger_data`. */
export function wordsIn(value: unknown, isBare = false): Set<string> {
  if (typeof value === 'string') {
    const expressions = isBare ? [value] : (value.match(TEMPLATES) ?? []);
    return new Set(expressions.flatMap(wordsOf));
  }
  if (typeof value !== 'object' || value === null) return new Set();
  return new Set(Object.entries(value).flatMap(([key, item]) => [...wordsIn(item, isBareIn(value, key))]));
}

function renamed(value: unknown, names: Names, isBare: boolean): unknown {
  if (typeof value === 'string') {
    if (isBare) return inExpression(value, names);
    return value.replace(TEMPLATES, (template) => inExpression(template, names));
  }
  if (Array.isArray(value))
    return kept(
      value,
      value.map((item) => renamed(item, names, isBare)),
    );
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).map(
    ([key, item]) => [key, renamed(item, names, isBareIn(value, key))] as const,
  );
  return entries.some(([key, item]) => item !== value[key]) ? Object.fromEntries(entries) : value;
}

/** Whether the strings of a key are expressions. The `until` of a loop is one; that of a delay is a template. */
function isBareIn(value: object, key: string): boolean {
  return BARE.has(key) || (key === 'until' && 'type' in value && value.type === 'loop');
}

function kept(before: unknown[], after: unknown[]): unknown[] {
  return after.some((item, at) => item !== before[at]) ? after : before;
}

const WORD = /^[A-Za-z_]\w*$/;

/** Skips strings; a name counts when no dot precedes it, and after `nodes.`. */
const TOKENS = /'(?:[^'\\]|\\.)*'|nodes\["([^"]*)"\]|"(?:[^"\\]|\\.)*"|nodes\.([A-Za-z_]\w*)|(\.?)\b([A-Za-z_]\w*)/g;

function inExpression(text: string, names: Names): string {
  return text.replace(TOKENS, (token, quoted?: string, dotted?: string, dot?: string, word?: string) => {
    const full = names.get(quoted ?? dotted ?? '');
    if (full !== undefined) return WORD.test(full) ? `nodes.${full}` : `nodes["${full}"]`;
    const short = dot === '' ? names.get(word ?? '') : undefined;
    return short === undefined ? token : outputReference(short);
  });
}

function wordsOf(text: string): string[] {
  return [...text.matchAll(TOKENS)].flatMap((token) => {
    const [whole, quoted, dotted, dot, word] = token;
    const full = quoted ?? dotted;
    // A node whose error is read has no output.
    if (full !== undefined) return text.startsWith('.error', token.index + whole.length) ? [] : [full];
    return dot === '' && word !== undefined ? [word] : [];
  });
}
