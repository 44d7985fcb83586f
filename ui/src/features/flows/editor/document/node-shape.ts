/** What is known of the output of a node before anything ran: from schemas and from what the document says. All functions are pure. */

import type { FlowDefinition, FlowNode } from '@/api/types';
import { isRecord } from '@/lib/json';
import type { Schema } from '../form/schema';
import { nodeById } from './definition';
import { type Catalogue, typeOf } from './node-types';
import type { AgentChoice } from './queries';
import { type Shape, shapeOf, shapeOfSchema } from './shape';
import { texts } from './texts';

export interface Known {
  catalogue: Catalogue | undefined;
  agents: readonly AgentChoice[] | undefined;
}

const ANY: Shape = { type: texts.types.any };
/** Nodes in a row that pass on what reaches them. */
const PASSED_MAX = 10;

/** Returns the shape of a node's output. */
export function outputShape(definition: FlowDefinition, node: FlowNode, known: Known, passed = 0): Shape {
  const type = typeOf(known.catalogue?.types, node);
  if (type?.traits.passes_through) return passed < PASSED_MAX ? passedShape(definition, node, known, passed + 1) : ANY;
  if (type?.traits.starts) return triggerShape(definition);
  if (type?.traits.returns_input) return shapeOfInput(node.input);
  const skill = skillOf(node, known.agents);
  if (skill) return shapeOfSchema(skill.output_schema ?? undefined);
  const declared = shapeOfSchema(type?.output);
  if (!type?.traits.asks_people || !isRecord(node.form)) return declared;
  const form = shapeOfSchema(node.form as Schema);
  const fields = declared.fields?.map((field) => (field.key === 'form' ? { ...field, shape: form } : field));
  return { ...declared, ...(fields && { fields }) };
}

/** Returns the shape of the trigger data, where a form says it. */
export function triggerShape({ nodes }: FlowDefinition): Shape {
  const form = nodes.find((node) => node.type === 'trigger' && isRecord(node.form))?.form;
  return shapeOfSchema(form as Schema | undefined);
}

/** Returns the schema of a node's skill; `undefined` where the node asks no agent, or its agent is not known. */
function skillOf(node: FlowNode, agents: readonly AgentChoice[] | undefined) {
  if (node.type !== 'agent') return undefined;
  const agent = agents?.find(({ id }) => id === node.agent_id);
  return agent?.skill_definitions?.find(({ name }) => name === node.skill);
}

/** What reaches the node along one edge, or an object by node ID of what reaches it along several. */
function passedShape(definition: FlowDefinition, { id }: FlowNode, known: Known, passed: number): Shape {
  const edges = definition.edges.filter(({ to }) => to === id);
  const isOne = edges.length === 1;
  const sources = edges.flatMap(({ from }) => nodeById(definition, from) ?? []);
  const fields = sources.map((from) => ({
    key: from.id,
    shape: outputShape(definition, from, known, passed),
    isOptional: !isOne,
  }));
  if (fields.length === 0) return triggerShape(definition);
  return isOne ? (fields[0]?.shape ?? ANY) : { type: texts.types.object, fields };
}

/** A template may give anything; what is written out has the shape that it has. */
function shapeOfInput(input: unknown): Shape {
  if (typeof input === 'string' && input.includes('${')) return ANY;
  const shape = shapeOf(input);
  if (!isRecord(input) || !shape.fields) return input === undefined ? ANY : shape;
  return { ...shape, fields: shape.fields.map((field) => ({ ...field, shape: shapeOfInput(input[field.key]) })) };
}
