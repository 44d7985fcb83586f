/** What an expression reads, and which of it may be missing. All functions are pure. */
import type { FlowDefinition } from '@/api/types';
import { ancestorsOf, nodeById } from './definition';
import type { Shape } from './shape';

/** A value that an expression reads. */
export interface Read {
  /** As it is written. */
  text: string;
  /** The node whose output it is in; `null` for the trigger data. */
  node: string | null;
  /** The way from the output, or from the trigger data, to the value. */
  keys: readonly (string | number)[];
}

const TEMPLATES = /(?<!\$)\$\{([^}]*)\}/g;

/** Returns the expressions in a text. */
export function expressionsIn(text: string, isBare: boolean): string[] {
  return isBare ? [text] : [...text.matchAll(TEMPLATES)].map(([, expression]) => expression ?? '');
}

/** Skips strings; a name counts where no dot and no bar is before it, and it is not called. */
const CHAIN =
  /'(?:[^'\\]|\\.)*'|(?<![\w"'\]).])"(?:[^"\\]|\\.)*"|(?<![\w.])([A-Za-z_]\w*)((?:\.[A-Za-z_]\w*|\[\d+\]|\["(?:[^"\\]|\\.)*"\]|\['[^']*'\])*)/g;
const STEP = /\.([A-Za-z_]\w*)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|\['([^']*)'\]/g;

/** Returns what an expression reads of nodes and of the trigger data, without what says itself what stands for it if it is missing. */
export function readsOf(expression: string, ids: ReadonlySet<string>): Read[] {
  return [...expression.matchAll(CHAIN)].flatMap((found): Read[] => {
    const [text, root, rest] = found;
    if (root === undefined) return [];
    const before = expression.slice(0, found.index);
    const after = expression.slice(found.index + text.length);
    if (/\|\s*$/.test(before) || /^\s*\(/.test(after) || isGuarded(expression, text, after)) return [];
    return placed(text, root, stepsOf(rest ?? ''), ids);
  });
}

function isGuarded(expression: string, text: string, after: string): boolean {
  return /^\s*\|\s*(?:default|d)\b/.test(after) || /^\s*is\s/.test(after) || expression.includes(`${text} is defined`);
}

function stepsOf(rest: string): (string | number)[] {
  return [...rest.matchAll(STEP)].map(([, word, index, quoted, single]) =>
    index === undefined ? (word ?? quoted?.replace(/\\(.)/g, '$1') ?? single ?? '') : Number(index),
  );
}

function placed(text: string, root: string, keys: (string | number)[], ids: ReadonlySet<string>): Read[] {
  if (root === 'trigger_data') return [{ text, node: null, keys }];
  if (root === 'nodes') {
    const [id, part, ...rest] = keys;
    return part === 'output' && typeof id === 'string' && ids.has(id) ? [{ text, node: id, keys: rest }] : [];
  }
  if (!ids.has(root)) return [];
  return [{ text, node: root, keys: keys[0] === 'output' ? keys.slice(1) : keys }];
}

/** Whether a node may have been skipped when another one runs. */
export function maySkip(definition: FlowDefinition, id: string, at: string): boolean {
  if (id === at) return false;
  if (!canSkip(definition, id, new Set())) return false;
  // Every way to the reader leads through it: then it ran.
  const without = { ...definition, edges: definition.edges.filter(({ from, to }) => from !== id && to !== id) };
  const starts = definition.nodes.filter((node) => !definition.edges.some(({ to }) => to === node.id));
  const before = new Set([at, ...ancestorsOf(without, at)]);
  return starts.some((node) => node.id !== id && before.has(node.id));
}

/** Whether something decides if a node runs. */
function canSkip(definition: FlowDefinition, id: string, seen: Set<string>): boolean {
  if (seen.has(id)) return true;
  seen.add(id);
  const incoming = definition.edges.filter(({ to }) => to === id);
  if (incoming.length === 0) return false;
  return incoming.every(
    ({ from, on, condition }) => on === 'error' || (condition ?? null) !== null || canSkip(definition, from, seen),
  );
}

/** What is known of a source. */
export interface KnownSource {
  shape: Shape;
  /** Whether its shape is that of a value, so that it has all there is. */
  hasValue: boolean;
}

export interface Doubt {
  kind: 'skipped' | 'absent' | 'optional';
  read: Read;
  /** The part of the way that may be missing. */
  field: string;
  /** The fields that are there. */
  there: readonly string[];
}

/** Returns why a value may be missing; `null` where nothing speaks for it. */
export function doubtOf(
  read: Read,
  at: string,
  definition: FlowDefinition,
  source: KnownSource | undefined,
): Doubt | null {
  if (read.node !== null && nodeById(definition, read.node) && maySkip(definition, read.node, at)) {
    return { kind: 'skipped', read, field: read.text, there: [] };
  }
  if (!source) return null;
  let shape: Shape | undefined = source.shape;
  for (const key of read.keys) {
    if (typeof key === 'number') {
      shape = shape.entry;
    } else {
      if (!shape.fields) return null;
      const field: NonNullable<Shape['fields']>[number] | undefined = shape.fields.find((one) => one.key === key);
      const there = shape.fields.map((one) => one.key);
      if (!field) return { kind: 'absent', read, field: key, there };
      if (field.isOptional) return { kind: 'optional', read, field: key, there };
      shape = field.shape;
    }
    if (!shape) return null;
  }
  return null;
}
