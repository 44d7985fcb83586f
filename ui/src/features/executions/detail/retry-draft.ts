/** What a person changes for a retry: the version of the flow, the trigger data, and outputs that are reused. */
import type { ForkVersion, RetryBody, RetryMode, RetryPlan } from '@/api/executions';
import type { Execution } from '@/api/types';
import { parseJsonOr } from '@/lib/json';
import { type Edits, isGiven, type Place } from './fork-draft';

/** The version that a retry runs on unless it is said. */
export function versionOf(mode: RetryMode): ForkVersion {
  return mode === 'from_start' ? 'current' : 'same';
}

/** Returns whose data can be changed, in the order of the flow: the trigger data, and what is reused. */
export function retryPlaces(execution: Execution, plan: Pick<RetryPlan, 'reuse'> | undefined): Place[] {
  const reused = new Set(plan?.reuse);
  const nodes = execution.node_executions.filter((node) => reused.has(node.node_id) && isGiven(node));
  return [null, ...nodes.map(({ node_id }) => node_id)];
}

/** Returns what to send; `null` while something is not valid JSON. Data of nodes that run again is left out. */
export function retryBody(
  mode: RetryMode,
  version: ForkVersion,
  edits: Edits,
  places: readonly Place[],
): RetryBody | null {
  const body: { mode: RetryMode; flow_version?: ForkVersion; trigger_data?: unknown } = { mode };
  if (version !== versionOf(mode)) body.flow_version = version;
  const outputs: [string, unknown][] = [];
  for (const [place, { text }] of edits) {
    if (!places.includes(place)) continue;
    const value = parseJsonOr(text);
    if (value === undefined) return null;
    if (place === null) body.trigger_data = value;
    else outputs.push([place, value]);
  }
  return outputs.length > 0 ? { ...body, outputs: Object.fromEntries(outputs) } : body;
}
