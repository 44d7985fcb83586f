/** The rows of a value in the input pane. All functions are pure. */

import { previewOf } from '@/api/preview';
import { entriesOf, isRecord, kindOf, writeJson } from '@/lib/json';
import { escaped } from '@/lib/json-text';
import { formatNumber } from '@/lib/locale';
import { pathTo } from '../document/paths';
import type { Shape } from '../document/shape';

type Keys = readonly (string | number)[];

export interface Row {
  /** The expression that gives the value; unique in a tree. */
  path: string;
  /** Levels below the value itself, from 1. */
  depth: number;
  label: string;
  /** The value in short, or what it is where there is none. */
  sample: string;
  kind: 'text' | 'number' | 'boolean' | 'null' | 'branch' | 'unknown';
  isOptional: boolean;
  isBranch: boolean;
  isOpen: boolean;
}

/** Rows of one object or list; the rest is in its JSON. */
const ROWS_MAX = 100;
const SAMPLE_MAX = 80;

/** Returns the rows of a value that are shown while these paths are open; of its shape where there is no value. */
export function rowsOf(base: string, value: { value: unknown } | null, shape: Shape, open: ReadonlySet<string>): Row[] {
  return value ? rowsOfValue(base, value.value, open, []) : rowsOfShape(base, shape, open, []);
}

/** What a key does in a tree: it moves the focus, opens or closes, or inserts. */
export interface Act {
  does: 'focus' | 'toggle' | 'insert';
  path: string;
}

/** Returns what a key does where a row has the focus; `null` where it does nothing. */
export function actOf(rows: readonly Row[], focused: string | null, key: string): Act | null {
  const at = rows.findIndex(({ path }) => path === focused);
  const row = rows[at];
  if (!row) return null;
  const focus = (to: Row | undefined): Act => ({ does: 'focus', path: (to ?? row).path });
  const toggle: Act = { does: 'toggle', path: row.path };
  switch (key) {
    case 'ArrowDown':
      return focus(rows[at + 1]);
    case 'ArrowUp':
      return focus(rows[at - 1]);
    case 'Home':
      return focus(rows[0]);
    case 'End':
      return focus(rows.at(-1));
    case 'ArrowRight':
      if (row.isBranch && !row.isOpen) return toggle;
      return row.isOpen ? focus(rows[at + 1]) : null;
    case 'ArrowLeft':
      return row.isOpen ? toggle : focus(rows.slice(0, at).findLast(({ depth }) => depth < row.depth));
    case ' ':
      return row.isBranch ? toggle : null;
    case 'Enter':
      return { does: 'insert', path: row.path };
    default:
      return null;
  }
}

function rowsOfValue(base: string, value: unknown, open: ReadonlySet<string>, above: Keys): Row[] {
  if (previewOf(value)) return [];
  return childrenOf(value)
    .slice(0, ROWS_MAX)
    .flatMap(([key, child]) => {
      const keys = [...above, key];
      const path = pathTo(base, keys);
      const isBranch = childrenOf(child).length > 0;
      const isOpen = isBranch && open.has(path);
      const row: Row = { path, depth: keys.length, ...looksOf(key, child), isOptional: false, isBranch, isOpen };
      return isOpen ? [row, ...rowsOfValue(base, child, open, keys)] : [row];
    });
}

function rowsOfShape(base: string, shape: Shape, open: ReadonlySet<string>, above: Keys): Row[] {
  const fields = shape.fields ?? [];
  const entry = shape.entry?.fields ? [{ key: 0, shape: shape.entry, isOptional: true }] : [];
  return [...fields, ...entry].slice(0, ROWS_MAX).flatMap(({ key, shape: inner, isOptional }) => {
    const keys = [...above, key];
    const path = pathTo(base, keys);
    const isBranch = (inner.fields ?? inner.entry?.fields ?? []).length > 0;
    const isOpen = isBranch && open.has(path);
    const label = typeof key === 'number' ? `[${key}]` : key;
    const row: Row = {
      path,
      depth: keys.length,
      label,
      sample: inner.type,
      kind: 'unknown',
      isOptional,
      isBranch,
      isOpen,
    };
    return isOpen ? [row, ...rowsOfShape(base, inner, open, keys)] : [row];
  });
}

function childrenOf(value: unknown): [string | number, unknown][] {
  if (Array.isArray(value)) return value.map((entry, at) => [at, entry]);
  return isRecord(value) ? entriesOf(value) : [];
}

function looksOf(key: string | number, value: unknown): Pick<Row, 'label' | 'sample' | 'kind'> {
  const label = typeof key === 'number' ? `[${key}]` : escaped(key);
  return { label, ...sampleOf(value) };
}

/** Returns a value in short: `"ACME"`, `3 fields`, `12 entries`. */
export function sampleOf(value: unknown): Pick<Row, 'sample' | 'kind'> {
  const kind = kindOf(value);
  if (Array.isArray(value)) return { sample: counted(value.length, 'entry', 'entries'), kind: 'branch' };
  if (isRecord(value)) return { sample: counted(entriesOf(value).length, 'field', 'fields'), kind: 'branch' };
  const text = kind === 'string' ? `"${escaped(cut(String(value)))}"` : cut(writeJson(value));
  return { sample: text, kind: kind === 'string' ? 'text' : kind === 'number' || kind === 'boolean' ? kind : 'null' };
}

function cut(text: string): string {
  return text.length > SAMPLE_MAX ? `${text.slice(0, SAMPLE_MAX)}…` : text;
}

function counted(count: number, one: string, many: string): string {
  return `${formatNumber(count)} ${count === 1 ? one : many}`;
}
