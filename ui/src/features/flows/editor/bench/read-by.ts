/** What a node reads when it starts. */
import type { FlowDefinition, FlowNode } from '@/api/types';
import { wordsIn } from '../document/references';
import { TRIGGER } from './pins';

/** Types that pass their input on. */
const PASSING = new Set(['parallel', 'merge']);

/** Returns the nodes whose outputs a node reads, in document order, with `TRIGGER` first where it reads trigger data. */
export function readBy(definition: FlowDefinition, node: FlowNode): string[] {
  const words = wordsIn({ input: node.input, condition: node.condition });
  const leading = definition.edges.filter((edge) => edge.to === node.id).map(({ from }) => from);
  const isPassing = PASSING.has(node.type);
  const readsTrigger = words.has('trigger_data') || node.type === 'trigger' || (isPassing && leading.length === 0);
  const nodes = definition.nodes
    .map(({ id }) => id)
    .filter((id) => id !== node.id && (words.has(id) || (isPassing && leading.includes(id))));
  return readsTrigger ? [TRIGGER, ...nodes] : nodes;
}
