/** What a stop of the server meant for an execution that went on afterwards, as its journal says it. All functions are pure. */
import type { JournalEvent } from '@/api/types';
import { millis } from '@/lib/time';

/** A time in which nothing was recorded, because no server drove the execution. */
export interface Outage {
  /** The last moment before it that is recorded. The server stopped then or later. */
  from: number;
  /** When a server went on. */
  to: number;
}

export interface Recovery {
  outages: readonly Outage[];
  /** Answers of models and results of tools that were stored before an outage, and used after it. */
  keptTurns: number;
  keptTools: number;
  /** Calls that were under way when the server stopped, and were made again. */
  repeated: number;
  /** Tokens of turns that were stored, and asked for again all the same. */
  tokensBoughtTwice: number;
}

/** Returns what the outages meant; `null` without any. */
export function toRecovery(journal: readonly JournalEvent[]): Recovery | null {
  const outages: Outage[] = [];
  /** The calls of nodes under way, each by its node and its key. */
  const open = new Set<string>();
  const stored = new Map<string, Set<string>>();
  const kept = new Set<string>();
  let [repeated, tokensBoughtTwice, last] = [0, 0, 0];
  let cutOff = new Set<string>();
  for (const event of journal) {
    const at = millis(event.at) ?? last;
    if (event.type === 'adopted') {
      outages.push({ from: last, to: at });
      for (const calls of stored.values()) for (const call of calls) kept.add(call);
      cutOff = new Set(open);
      open.clear();
    } else if (event.type === 'step_started') {
      const call = `${event.node_id} ${event.step}`;
      if (cutOff.delete(call)) repeated += 1;
      open.add(call);
    } else if (event.type === 'step_completed' || event.type === 'step_failed') {
      const call = `${event.node_id} ${event.step}`;
      const calls = stored.get(event.node_id) ?? new Set();
      if (event.type === 'step_completed' && calls.has(call)) {
        tokensBoughtTwice += event.usage.input_tokens + event.usage.output_tokens;
      }
      open.delete(call);
      // What failed for good is a result, too, but a call that may be made again is not kept.
      if (event.type === 'step_completed' || isTool(call)) stored.set(event.node_id, calls.add(call));
    } else if (event.type === 'attempt_failed' || event.type === 'attempt_released') {
      // What was under way when the server stopped is not among these any longer.
      for (const call of open) if (call.startsWith(`${event.node_id} `)) open.delete(call);
    } else if (event.type === 'node_completed' || event.type === 'node_failed') {
      stored.delete(event.node_id);
    }
    last = at;
  }
  if (outages.length === 0) return null;
  const keptTools = [...kept].filter(isTool).length;
  return { outages, keptTurns: kept.size - keptTools, keptTools, repeated, tokensBoughtTwice };
}

function isTool(call: string): boolean {
  return call.slice(call.indexOf(' ') + 1).startsWith('tool:');
}
