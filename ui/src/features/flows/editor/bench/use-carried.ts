import { useMemo } from 'react';
import type { FlowDefinition, FlowEdge, FlowNode } from '@/api/types';
import { isRecord } from '@/lib/json';
import { idsOf, nodeById } from '../document/definition';
import { useDraft } from '../document/draft-context';
import { doubtOf, expressionsIn, type KnownSource, type Read, readsOf } from '../document/reads';
import type { Shape } from '../document/shape';
import { texts as ofDocument } from '../document/texts';
import type { Pin } from './pin';
import { TRIGGER } from './pins';
import { texts } from './texts';
import { type Source, useSources } from './use-sources';

const { types } = ofDocument;

/** What an edge gives its target. */
export interface Carried {
  shape: Shape;
  /** Where the shape is known from; `error` is that of every error. */
  from: Pin['origin'] | 'error';
  /** Why what the target reads of it may be missing. */
  doubts: readonly string[];
}

const TEXT: Shape = { type: types.text };
const ERROR: Shape = {
  type: types.object,
  fields: ['class', 'message'].map((key) => ({ key, shape: TEXT, isOptional: false })),
};

/** Returns what an edge of the flow's own graph carries; `null` where that is not known, as in bodies. */
export function useCarried(flow: string, edge: FlowEdge): Carried | null {
  const definition = useDraft((state) => state.present);
  const { from } = edge;
  const { sources } = useSources(
    flow,
    useMemo(() => ({ edgeFrom: from }), [from]),
  );
  const isInBody = useDraft((state) => state.inside.length > 0);
  return useMemo(() => (isInBody ? null : carriedBy(definition, edge, sources)), [isInBody, definition, edge, sources]);
}

function carriedBy(definition: FlowDefinition, edge: FlowEdge, sources: readonly Source[]): Carried | null {
  if (edge.on === 'error') return { shape: ERROR, from: 'error', doubts: [] };
  const isTrigger = nodeById(definition, edge.from)?.type === 'trigger';
  const source = sources.find(({ name }) => name === (isTrigger ? TRIGGER : edge.from));
  if (!source) return null;
  const known = { shape: source.shape, hasValue: source.pin.reading !== null };
  const of = isTrigger ? null : edge.from;
  return { shape: source.shape, from: source.pin.origin, doubts: doubtsOf(definition, edge, of, known) };
}

/** Says what the condition of an edge and its target read of its source that may be missing. */
export function doubtsOf(definition: FlowDefinition, edge: FlowEdge, of: string | null, known: KnownSource): string[] {
  const target = nodeById(definition, edge.to);
  const ids = idsOf(definition);
  const reads: Read[] = [
    ...readsIn(edge.condition, true, ids),
    ...(target ? Object.entries(settingsOf(target)) : []).flatMap(([key, value]) =>
      readsIn(value, key === 'condition', ids),
    ),
  ];
  const doubts = reads
    .filter(({ node }) => node === of)
    .flatMap((read) => doubtOf(read, edge.to, definition, known) ?? []);
  return [...new Set(doubts.map((doubt) => texts.doubt[doubt.kind](doubt, known.hasValue)))];
}

/** Without what is for people, and what has reads of its own. */
function settingsOf({ id, name, type, note, position, body, example, ...settings }: FlowNode): Record<string, unknown> {
  return settings;
}

/** Returns what the texts in a value read. */
function readsIn(value: unknown, isBare: boolean, ids: ReadonlySet<string>): Read[] {
  if (typeof value === 'string') return expressionsIn(value, isBare).flatMap((one) => readsOf(one, ids));
  // The parts of a comparison are texts with templates.
  const parts = Array.isArray(value) ? value : isRecord(value) ? Object.values(value) : [];
  return parts.flatMap((part) => readsIn(part, false, ids));
}
