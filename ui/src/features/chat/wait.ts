/** What an answer waits for, in words. */
import type { Execution } from '@/api/types';
import { texts } from './texts';

interface Wait {
  text: string;
  /** Whether a person can end it. */
  isForPerson: boolean;
}

/** Returns what an execution waits for; `null` while something is done. */
export function waitOf(execution: Execution, nodeId: string): Wait | null {
  const node = execution.node_executions.find((one) => one.node_id === nodeId);
  const isOf = (text: string, isForPerson = false) => ({ text, isForPerson });
  if (execution.status === 'paused') return isOf(texts.paused);
  if (execution.status === 'pending') return isOf(texts.waitsForSlot);
  switch (node?.waiting_for ?? execution.waiting_for) {
    case 'session':
      return isOf(texts.waitsForTurn);
    case 'slot':
      return isOf(texts.waitsForSlot);
    case 'approval':
      return isOf(texts.waitsForPerson, true);
    case 'decision':
      return isOf(texts.waitsForDecision, true);
    case 'event':
      return isOf(texts.waitsForEvent);
    case 'delay':
    case 'child':
      return isOf(texts.waits);
    default:
      return execution.retrying ? isOf(texts.retrying) : null;
  }
}
