/** What approval nodes ask people, in the journal. All functions are pure. */
import type { JournalEvent } from '@/api/types';

/** Whether a decision is that of an approval node, and not about a call or an output. */
export function isOfNode(step: string): boolean {
  return step.startsWith('approval:');
}

/** Returns the id of the last approval that a node asked for; `null` if it has asked for none. */
export function lastAsked(execution: string, node: string, journal: readonly JournalEvent[]): string | null {
  const asked = journal.findLast((event) => event.type === 'approval_requested' && event.node_id === node);
  return asked?.type === 'approval_requested' && isOfNode(asked.step) ? `${execution}:${node}:${asked.step}` : null;
}
