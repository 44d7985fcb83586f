/** The names that expressions may use, for completion: built-in names and the nodes that ran before. */

import type { FlowDefinition, FlowNode } from '@/api/types';
import { isRecord, writeJson } from '@/lib/json';
import type { Name } from '../form/name';
import { ancestorsOf, nameOf, nodeById, undoneBy } from './definition';
import { graphAt, type Inside } from './inside';
import { type Catalogue, typeOf } from './node-types';
import { outputReference } from './paths';
import { texts } from './texts';

const { names } = texts;

const EVERYWHERE: readonly Name[] = [
  { name: 'trigger_data', detail: names.trigger },
  { name: 'context.id', detail: names.contextId },
  { name: 'context.type', detail: names.contextType },
  { name: 'execution.id', detail: names.executionId },
  { name: 'execution.retry_of', detail: names.retryOf },
  { name: 'execution.started_at', detail: names.startedAt },
  { name: 'attempt', detail: names.attempt },
];

/** What only nodes read that undo others. */
const OF_THE_END: readonly Name[] = [
  { name: 'execution.error.message', detail: names.endMessage },
  { name: 'execution.error.class', detail: names.endClass },
  { name: 'execution.error.node', detail: names.endNode },
];

/** Returns the names for a node: everything that can have run before it. */
export function scopeOfNode(definition: FlowDefinition, id: string, catalogue: Catalogue | undefined): Name[] {
  if (undoneBy(definition, id)) {
    const undoes = new Set(definition.nodes.map((node) => node.compensate_with));
    const inFlow = definition.nodes.filter((node) => !undoes.has(node.id)).map((node) => node.id);
    return [
      ...OF_THE_END,
      ...scope(definition, inFlow, [], catalogue),
      { name: 'secrets.', detail: names.secretByName },
    ];
  }
  const before = ancestorsOf(definition, id);
  const reached = new Set([...before, id]);
  const failed = definition.edges.filter((edge) => edge.on === 'error' && reached.has(edge.to)).map(({ from }) => from);
  // A node that leads here only by its error has no output.
  const onlyFailed = new Set(
    failed.filter(
      (from) => !definition.edges.some((edge) => edge.from === from && edge.on !== 'error' && reached.has(edge.to)),
    ),
  );
  const completed = before.filter((one) => !onlyFailed.has(one));
  const node = nodeById(definition, id);
  // The condition of a loop reads what its body gives.
  const own = node && typeOf(catalogue?.types, node)?.traits.repeats === 'iterations' ? GIVEN.iterations : [];
  return [...own, ...scope(definition, completed, failed, catalogue), { name: 'secrets.', detail: names.secretByName }];
}

/** Returns the names for the condition of an edge: its source node and everything before it. */
export function scopeOfEdge(
  definition: FlowDefinition,
  edge: { from: string; on?: string },
  catalogue: Catalogue | undefined,
): Name[] {
  const before = ancestorsOf(definition, edge.from);
  return edge.on === 'error'
    ? scope(definition, before, [edge.from], catalogue)
    : scope(definition, [edge.from, ...before], [], catalogue);
}

/** Returns `own` names of a graph with those from around it: what its node gives it first, then the nodes before that. */
export function scopeInside(
  definition: FlowDefinition,
  inside: Inside,
  own: readonly Name[],
  catalogue: Catalogue | undefined,
): readonly Name[] {
  const id = inside.at(-1);
  const around = inside.slice(0, -1);
  const graph = graphAt(definition, around);
  const node = graph && id !== undefined ? nodeById(graph, id) : undefined;
  if (!graph || !node) return own;
  const outer = scopeInside(definition, around, scopeOfNode(graph, node.id, catalogue), catalogue);
  const nearest = [...givenIn(node, catalogue), ...own, ...outer];
  const first = new Map(nearest.map(({ name }, at) => [name, at] as const).toReversed());
  return nearest.filter(({ name }, at) => first.get(name) === at);
}

/** Returns what the node around a body gives it. */
function givenIn(node: FlowNode, catalogue: Catalogue | undefined): readonly Name[] {
  const repeats = typeOf(catalogue?.types, node)?.traits.repeats;
  return repeats ? GIVEN[repeats] : [];
}

const GIVEN = {
  items: [
    { name: 'item', detail: names.item },
    { name: 'index', detail: names.itemIndex },
  ],
  iterations: [
    { name: 'last', detail: names.last },
    { name: 'index', detail: names.iterationIndex },
  ],
} as const;

function scope(
  definition: FlowDefinition,
  completed: readonly string[],
  failed: readonly string[],
  catalogue: Catalogue | undefined,
): Name[] {
  const outputs = completed.flatMap((id) => {
    const node = nodeById(definition, id);
    return node ? outputNames(node, catalogue) : [];
  });
  const errors = [...new Set(failed)].flatMap((id) => {
    const error = /^[A-Za-z_]\w*$/.test(id) ? `nodes.${id}.error` : `nodes["${id}"].error`;
    return [
      { name: `${error}.class`, detail: names.errorClass },
      { name: `${error}.message`, detail: names.errorMessage },
    ];
  });
  return [...outputs, ...errors, ...triggerNames(definition), ...EVERYWHERE];
}

function outputNames(node: FlowNode, catalogue: Catalogue | undefined): Name[] {
  const whole = outputReference(node.id);
  const fields = outputFields(node, catalogue).map((field) => ({ name: `${whole}.${field}`, detail: nameOf(node) }));
  return [{ name: whole, detail: names.output(nameOf(node)) }, ...fields];
}

/** Returns the known fields of an output. */
function outputFields(node: FlowNode, catalogue: Catalogue | undefined): string[] {
  const type = typeOf(catalogue?.types, node);
  const declared = Object.keys(type?.output.properties ?? {});
  const form = type?.traits.asks_people && isRecord(node.form) ? node.form.properties : null;
  const filled = isRecord(form) ? Object.keys(form).filter((field) => /^[A-Za-z_]\w*$/.test(field)) : [];
  if (declared.length > 0) return [...declared, ...filled.map((field) => `form.${field}`)];
  return type?.traits.returns_input && isRecord(node.input) ? Object.keys(node.input) : [];
}

/** Trigger data has no schema, but what one expression reads another may read, too. */
function triggerNames(definition: FlowDefinition): Name[] {
  const found = writeJson(definition).matchAll(/\btrigger_data\.[A-Za-z_][\w.]*\w/g);
  return [...new Set([...found].map(([name]) => name))].map((name) => ({ name, detail: names.triggerData }));
}
