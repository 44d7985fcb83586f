/** Completion inside expressions. All functions are pure. */
import { FILTERS, FUNCTIONS, TESTS } from './language';
import type { Name } from './name';

export interface Completion {
  /** The start of the word that the choice replaces. */
  from: number;
  choices: readonly Name[];
}

/** Dots, brackets and quotes are part of the word: `nodes["fetch-data"].output`. In JSON, quotes are escaped. */
const WORD = /[\w.[\]"\\-]*$/;
const CHOICES_MAX = 40;

/** What the text is: a text with templates, an expression without `${ }` around it, or JSON with templates in its strings. */
export type TextKind = 'template' | 'bare' | 'json';

/**
 * Completes the text before `caret`: values and functions, filters behind `|`, and tests behind `is`.
 *
 * Outside `${ }` there is nothing to complete, unless the whole text is an expression. Returns `null` when nothing matches
 * or the word is complete.
 */
export function complete(text: string, caret: number, names: readonly Name[], kind: TextKind): Completion | null {
  const before = text.slice(0, caret);
  const opened = before.lastIndexOf('${');
  const isInside = opened >= 0 && !before.slice(opened).includes('}');
  if (kind !== 'bare' && !isInside) return null;
  const expression = before.slice(isInside ? opened + 2 : 0);
  const raw = WORD.exec(expression)?.[0].replace(/^\\?"+/, '') ?? '';
  const word = kind === 'json' ? raw.replaceAll('\\"', '"') : raw;
  const lead = expression.slice(0, expression.length - raw.length);
  if (isInText(kind === 'json' ? lead.replaceAll('\\"', '"') : lead) && !word.includes('[')) return null;
  const choices = fitting(offered(lead, word, names), word).slice(0, CHOICES_MAX);
  return choices.length > 0 ? { from: caret - raw.length, choices } : null;
}

/** Returns what may come next. */
function offered(lead: string, word: string, names: readonly Name[]): readonly Name[] {
  if (/\|\s*$/.test(lead)) return FILTERS;
  if (/\bis\s+(?:not\s+)?$/.test(lead)) return TESTS;
  return word === '' ? [...names, ...FUNCTIONS] : [...FUNCTIONS, ...names];
}

/** Returns the names that begin with a word, and then those with a part that begins with it: `risk` finds `score.risk`. */
function fitting(names: readonly Name[], word: string): Name[] {
  const typed = word.toLowerCase();
  const others = names.filter(({ name }) => name !== word);
  const first = others.filter(({ name }) => name.toLowerCase().startsWith(typed));
  if (typed.length < 2 || typed.endsWith('.')) return first;
  const inside = others.filter(
    ({ name }) => !first.some((one) => one.name === name) && hasPart(name.toLowerCase(), typed),
  );
  return [...first, ...inside];
}

function hasPart(name: string, typed: string): boolean {
  return [`.${typed}`, `["${typed}`, `_${typed}`].some((part) => name.includes(part));
}

/** Whether the end of an expression is inside of a string. */
function isInText(expression: string): boolean {
  let quote: string | null = null;
  for (const one of expression) {
    if (quote === null && (one === '"' || one === "'")) quote = one;
    else if (one === quote) quote = null;
  }
  return quote !== null;
}
