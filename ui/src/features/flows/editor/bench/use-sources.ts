import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { FlowDefinition } from '@/api/types';
import { ancestorsOf, nameOf, nodeById } from '../document/definition';
import { useDraft } from '../document/draft-context';
import { outputShape, triggerShape } from '../document/node-shape';
import { outputReference } from '../document/paths';
import { agentChoicesQuery, nodeTypesQuery } from '../document/queries';
import { type Shape, shapeOf } from '../document/shape';
import type { Pin } from './pin';
import { TRIGGER } from './pins';
import { usePins } from './use-pins';

/** Something that expressions can read, and what is known of it. */
export interface Source {
  /** A node's id, or `TRIGGER`. */
  name: string;
  /** The name of the node; empty for the trigger data. */
  title: string;
  /** The expression that gives the whole value. */
  base: string;
  pin: Pin;
  /** Of the pinned value, else what schemas and the document say. */
  shape: Shape;
}

/** Where expressions are read: at a node, or at an edge that leaves one. */
export type Place = { node: string } | { edgeFrom: string };

const NONE: readonly string[] = [];

/** Returns what can be read at a place, nearest first and the trigger data last. In a body, nothing is known of values. */
export function useSources(flow: string, place: Place): { sources: readonly Source[]; isLoading: boolean } {
  const definition = useDraft((state) => state.present);
  const isInBody = useDraft((state) => state.inside.length > 0);
  const catalogue = useQuery(nodeTypesQuery()).data;
  const hasAgents = definition.nodes.some(({ type }) => type === 'agent');
  const agents = useQuery({ ...agentChoicesQuery(), enabled: hasAgents }).data;
  const id = 'node' in place ? place.node : place.edgeFrom;
  const isAfter = 'edgeFrom' in place;
  const names = useMemo(
    () => (isInBody ? NONE : namesAt(definition, id, isAfter)),
    [definition, id, isAfter, isInBody],
  );
  const { pins, isLoading } = usePins(flow, names);
  const sources = useMemo(
    () =>
      pins.map((pin): Source => {
        const node = nodeById(definition, pin.name);
        const known = node ? outputShape(definition, node, { catalogue, agents }) : triggerShape(definition);
        const shape = pin.reading ? shapeOf(pin.reading.value) : known;
        const base = node ? outputReference(node.id) : 'trigger_data';
        return { name: pin.name, title: node ? nameOf(node) : '', base, pin, shape };
      }),
    [pins, definition, catalogue, agents],
  );
  return { sources, isLoading };
}

/** A trigger gives the trigger data, which is there in any case. */
function namesAt(definition: FlowDefinition, id: string, isAfter: boolean): string[] {
  const before = isAfter ? [id, ...ancestorsOf(definition, id)] : ancestorsOf(definition, id);
  const isTrigger = (name: string) => nodeById(definition, name)?.type === 'trigger';
  return [...before.filter((name) => !isTrigger(name)), TRIGGER];
}
