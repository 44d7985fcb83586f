/** How a result is shown to people who do not read JSON. All functions are pure. */

import { previewOf } from '@/api/preview';
import { loneText } from '@/components/conversation/lone-text';
import { entriesOf, isRecord, type Json, kindOf, writeJson } from '@/lib/json';
import { own } from '@/lib/own';
import { texts } from './texts';

export type Shape =
  | { kind: 'none' }
  | { kind: 'text'; text: string }
  /** The values of an object, each short. */
  | { kind: 'pairs'; pairs: readonly (readonly [name: string, value: string])[] }
  /** Objects of short values; a row has an empty text where it has no such value. */
  | { kind: 'table'; columns: readonly string[]; rows: readonly (readonly string[])[]; more: number }
  | { kind: 'json' };

const COLUMNS_MAX = 8;
const ROWS_MAX = 100;

/** Returns how to show a result. */
export function shapeOf(result: unknown): Shape {
  if (previewOf(result)) return { kind: 'json' };
  const text = typeof result === 'string' ? result : loneText(result);
  if (text !== null) return { kind: 'text', text };
  if (result === null || result === undefined) return { kind: 'none' };
  if (Array.isArray(result)) return tableOf(result) ?? { kind: 'json' };
  if (!isRecord(result)) return { kind: 'text', text: writeJson(result) };
  const pairs = pairsOf(result);
  if (!pairs) return { kind: 'json' };
  return pairs.length === 0 ? { kind: 'none' } : { kind: 'pairs', pairs };
}

function pairsOf(value: unknown): (readonly [string, string])[] | null {
  if (!isRecord(value) || previewOf(value)) return null;
  const pairs = entriesOf(value).map(([name, inner]) => [name, shortOf(inner as Json)] as const);
  return pairs.every((pair): pair is readonly [string, string] => pair[1] !== null) ? pairs : null;
}

function tableOf(list: readonly unknown[]): Shape | null {
  const rows = list.slice(0, ROWS_MAX).map(pairsOf);
  if (rows.length === 0 || rows.includes(null)) return null;
  const named = rows.map((row) => Object.fromEntries(row ?? []));
  const columns = [...new Set(named.flatMap((row) => Object.keys(row)))];
  if (columns.length === 0 || columns.length > COLUMNS_MAX) return null;
  const cells = named.map((row) => columns.map((column) => own(row, column) ?? ''));
  return { kind: 'table', columns, rows: cells, more: list.length - rows.length };
}

/** Returns a value that is no list and no object as text. */
function shortOf(value: Json): string | null {
  switch (kindOf(value)) {
    case 'string':
      return value as string;
    case 'null':
      return '–';
    case 'boolean':
      return value === true ? texts.yes : texts.no;
    case 'number':
      return writeJson(value);
    default:
      return null;
  }
}
