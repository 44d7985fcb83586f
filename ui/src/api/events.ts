/** What the streams of events carry. */
import type { SseEvent } from '@/lib/sse';
import { addressOf } from './client';
import type { ExecutionRow } from './types';

/** The stream of all executions, or of one flow's. */
export function eventsUrl(flow?: string): string {
  return addressOf('/studio/events', { query: { flow_id: flow } });
}

/** Returns the execution that an event is about; `null` where it is about another thing, such as a gap. */
export function executionIn({ type, data }: SseEvent): ExecutionRow | null {
  if (type !== 'execution') return null;
  try {
    const row: unknown = JSON.parse(data);
    const isRow = typeof row === 'object' && row !== null && 'id' in row && 'status' in row && 'summary' in row;
    return isRow ? (row as ExecutionRow) : null;
  } catch {
    return null;
  }
}
