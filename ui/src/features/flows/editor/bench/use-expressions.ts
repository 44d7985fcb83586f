import { useMemo } from 'react';
import { testNode } from '@/api/flows';
import type { Flow, FlowDefinition } from '@/api/types';
import { edgeByKey, freeId, idsOf, nodeById } from '../document/definition';
import { useDraft, useDraftStore } from '../document/draft-context';
import type { DraftStore } from '../document/draft-store';
import { doubtOf, expressionsIn, readsOf } from '../document/reads';
import { valueAt } from '../document/shape';
import type { Evaluated, Expressions } from '../form/expression-context';
import { readBy } from './read-by';
import { hidden } from './sensitive';
import { texts } from './texts';
import { usePinLookup, valuesOf } from './use-pins';
import type { Place, Source } from './use-sources';

/** Returns what is known about expressions at a place. In a body, nothing is. */
export function useExpressions(flow: Flow, place: Place, sources: readonly Source[]): Expressions | null {
  const store = useDraftStore();
  const look = usePinLookup(flow.id);
  const isInBody = useDraft((state) => state.inside.length > 0);
  const id = 'node' in place ? place.node : place.edgeFrom;
  const isAfter = 'edgeFrom' in place;
  return useMemo(() => {
    if (isInBody) return null;
    const known = new Map(sources.map(({ name, shape, pin }) => [name, { shape, hasValue: pin.reading !== null }]));
    return {
      evaluate: async (text, isBare, signal): Promise<Evaluated> => {
        // What is no expression is said at the field.
        if (await isFaulty(store, place, text, signal)) return { isFaulty: true };
        const { present } = store.getState();
        const ids = idsOf(present);
        const reads = expressionsIn(text, isBare).flatMap((one) => readsOf(one, ids));
        if (hidden(flow.sensitive, reads)) return { isHidden: true };
        const { graph, at } = withValue(present, id, isAfter, isBare ? `\${${text}}` : text);
        const node = nodeById(graph, at);
        const names = node ? readBy(graph, node) : [];
        const body = { flow_definition: graph, node_id: at, only_input: true, ...valuesOf(await look(names)) };
        const { input, error } = await testNode(body, signal);
        return error ? { missing: error.error_message } : { value: (input as { value?: unknown } | null)?.value };
      },
      doubts: (text, isBare) => {
        const { present } = store.getState();
        const ids = idsOf(present);
        const reads = expressionsIn(text, isBare).flatMap((one) => readsOf(one, ids));
        const found = reads.flatMap((read) => doubtOf(read, id, present, known.get(read.node ?? '')) ?? []);
        return [
          ...new Set(
            found.map((doubt) => texts.doubt[doubt.kind](doubt, known.get(doubt.read.node ?? '')?.hasValue ?? false)),
          ),
        ];
      },
    };
  }, [store, look, isInBody, id, isAfter, sources, flow.sensitive, place]);
}

/** Returns whether the server has found a fault in a text, once it has looked through the draft with it. */
async function isFaulty(store: DraftStore, place: Place, text: string, signal: AbortSignal): Promise<boolean> {
  await checked(store, signal);
  const { faults, graph } = store.getState();
  return faults.some(({ target, field }) => {
    if (target?.kind === 'node' && 'node' in place && target.id === place.node) {
      return valueAt(nodeById(graph, target.id), keysOf(field)) === text;
    }
    return target?.kind === 'edge' && 'edgeFrom' in place && edgeByKey(graph, target.id)?.condition === text;
  });
}

/** The parts of a pointer name keys, and entries of lists by their numbers. */
function keysOf(field: readonly string[]): (string | number)[] {
  return field.map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

function checked(store: DraftStore, signal: AbortSignal): Promise<void> {
  const isChecked = ({ present, checkedOf }: ReturnType<DraftStore['getState']>) => checkedOf === present;
  return new Promise((resolve, reject) => {
    if (isChecked(store.getState())) return resolve();
    const stop = store.subscribe((state) => {
      if (!isChecked(state)) return;
      stop();
      resolve();
    });
    signal.addEventListener('abort', () => {
      stop();
      reject(signal.reason);
    });
  });
}

/** Returns the graph with a node whose input is a text: in place of the node, or behind the one that an edge leaves. */
function withValue(definition: FlowDefinition, id: string, isAfter: boolean, text: string) {
  const value = { type: 'action', action: 'transform', input: { value: text } };
  if (!isAfter) {
    const nodes = definition.nodes.map((node) => (node.id === id ? { id, ...value } : node));
    return { graph: { ...definition, nodes }, at: id };
  }
  const at = freeId('edge_condition', idsOf(definition));
  const nodes = [...definition.nodes, { id: at, ...value }];
  return { graph: { ...definition, nodes, edges: [...definition.edges, { from: id, to: at }] }, at };
}
