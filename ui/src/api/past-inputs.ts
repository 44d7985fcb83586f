/** What executions have given a skill of an agent. */
import { isSameJson } from '@/lib/json';
import { getExecution, listExecutions } from './executions';
import { previewOf } from './preview';
import type { ExecutionRow, Json, NodeExecution } from './types';

/** Executions that are listed, the newest ones. */
const LISTED_MAX = 100;
/** Executions that are read. */
const READ_MAX = 20;
/** Inputs that are returned, each once. */
const INPUTS_MAX = 10;

/**
 * Returns the last inputs that executions have given a skill, those that are short enough to be shown. Of each flow one
 * execution is read in turn, as long as the flow asks the skill at all: flows that start often hide no others.
 */
export async function pastInputs(agentId: string, skill: string): Promise<readonly Json[]> {
  const { rows } = await listExecutions({ roots: false }, null, undefined, LISTED_MAX);
  const flows = byFlow(rows);
  const found: Json[] = [];
  let read = 0;
  for (let flow = flows.shift(); flow && read < READ_MAX && found.length < INPUTS_MAX; flow = flows.shift()) {
    const [row, ...others] = flow;
    if (!row) continue;
    read += 1;
    const { node_executions: nodes } = await getExecution(row.id);
    const asking = nodes.filter((node) => node.agent_id === agentId && node.skill_used === skill);
    for (const input of asking.flatMap(inputOf)) {
      if (found.length < INPUTS_MAX && !found.some((other) => isSameJson(other, input))) found.push(input);
    }
    if (asking.length > 0) flows.push(others);
  }
  return found;
}

function byFlow(rows: readonly ExecutionRow[]): ExecutionRow[][] {
  const flows = new Map<string, ExecutionRow[]>();
  for (const row of rows) flows.set(row.flow_id, [...(flows.get(row.flow_id) ?? []), row]);
  return [...flows.values()];
}

function inputOf({ input_data: input, attempts }: NodeExecution): Json[] {
  return attempts.length === 0 || previewOf(input) ? [] : [input as Json];
}
