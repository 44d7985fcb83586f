/** The node types that the server runs, and what a new node of each starts with. */
import type { FlowNode, NodeTypes } from '@/api/types';
import { plainSchema, type Schema } from '../form/schema';

/** A node type, with its schemas as the forms read them. */
export type NodeType = Omit<NodeTypes['types'][number], 'schema' | 'output'> & {
  /** Its specific keys, without `type` and `action`. */
  schema: Schema;
  output: Schema;
};

export interface Catalogue {
  /** The keys that all nodes share. */
  common: Schema;
  types: readonly NodeType[];
}

/** Reads the catalogue as the API returns it: full JSON Schemas, of which the forms use a part. */
export function readCatalogue(catalogue: NodeTypes): Catalogue {
  const types = catalogue.types.map((type) => {
    const schema: Schema = type.schema;
    const { type: _type, action: _action, ...properties } = schema.properties ?? {};
    return { ...type, schema: plainSchema({ ...schema, properties }) };
  });
  return { common: plainSchema(catalogue.common), types };
}

/** Returns the key of a node type: in the studio every action is a type of its own. */
export function typeKey(type: NodeType): string {
  return type.action ?? type.type;
}

export function typeOf(types: readonly NodeType[] | undefined, node: FlowNode): NodeType | undefined {
  return types?.find(
    (type) =>
      type.type === node.type &&
      (type.action === undefined || type.action === node.action || type.aliases?.includes(String(node.action))),
  );
}

/** Returns a new node with the required keys that have a sensible value. */
export function templateOf(type: NodeType): FlowNode {
  const node: FlowNode = { id: typeKey(type), name: type.title, type: type.type };
  if (type.action) node.action = type.action;
  const { input } = type.schema.properties ?? {};
  if (input) node.input = input.default ?? {};
  for (const [key, schema] of Object.entries(type.schema.properties ?? {})) {
    if (key in node || !type.schema.required?.includes(key) || schema.default === undefined) continue;
    node[key] = schema.default;
  }
  // A new body, and what it runs for, are those of the example.
  if (type.traits.repeats) for (const key of type.schema.required ?? []) node[key] ??= type.example?.[key];
  // One of several alternatives is required: use the first, with the values of the example.
  for (const key of type.schema.oneOf?.[0]?.required ?? []) node[key] ??= type.example?.[key];
  return node;
}
