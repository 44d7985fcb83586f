/** What a person changes for a fork: outputs of nodes that do not run, and the trigger data. */
import type { ForkBody, ForkPlan, ForkVersion } from '@/api/executions';
import type { Execution, NodeExecution } from '@/api/types';
import { parseJsonOr } from '@/lib/json';

/** Whose data it is: a node's, by its ID, or `null` for the trigger data. */
export type Place = string | null;

export interface Edit {
  before: unknown;
  /** What is in the editor. */
  text: string;
}

export type Edits = ReadonlyMap<Place, Edit>;

/** Their outputs are the trigger data, or what a person decided, and are not given. */
const NOT_GIVEN = new Set(['trigger', 'approval']);

/** Whether the output of a node can be given. */
export function isGiven({ node_type }: Pick<NodeExecution, 'node_type'>): boolean {
  return !NOT_GIVEN.has(node_type);
}

/** Returns whose data can be changed, in the order of the flow: the trigger data, what is reused, and the node itself. */
export function placesOf(execution: Execution, nodeId: string, plan: ForkPlan): Place[] {
  const given = new Set([...plan.reuse, ...plan.differing, nodeId]);
  const nodes = execution.node_executions.filter((node) => given.has(node.node_id) && isGiven(node));
  return [null, ...nodes.map(({ node_id }) => node_id)];
}

/** Returns the value that a fork has at a place unless it is changed. */
export function valueAt(execution: Execution, place: Place): unknown {
  if (place === null) return execution.trigger_data;
  return execution.node_executions.find(({ node_id }) => node_id === place)?.output_data ?? null;
}

/** Returns what to send; `null` while something is not valid JSON. */
export function toBody(nodeId: string, version: ForkVersion, edits: Edits): ForkBody | null {
  const outputs: [string, unknown][] = [];
  const body: { node_id: string; flow_version: ForkVersion; trigger_data?: unknown } = {
    node_id: nodeId,
    flow_version: version,
  };
  for (const [place, { text }] of edits) {
    const value = parseJsonOr(text);
    if (value === undefined) return null;
    if (place === null) body.trigger_data = value;
    else outputs.push([place, value]);
  }
  return { ...body, outputs: Object.fromEntries(outputs) };
}

/** Returns the plan with what is given: a node whose output is given does not run. */
export function planWith(plan: ForkPlan, nodeId: string, edits: Edits): Pick<ForkPlan, 'run' | 'reuse' | 'differing'> {
  const differing = plan.differing.filter((id) => !edits.has(id));
  const given = plan.differing.filter((id) => edits.has(id));
  if (!edits.has(nodeId)) return { run: plan.run, reuse: [...plan.reuse, ...given], differing };
  return { run: plan.run.filter((id) => id !== nodeId), reuse: [...plan.reuse, ...given, nodeId], differing };
}
