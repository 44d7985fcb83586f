import type { JournalLine, LineKind } from './journal';

export type EventKind = LineKind | 'error';

export const KINDS: readonly EventKind[] = ['execution', 'node', 'attempt', 'error'];

export interface EventFilter {
  text: string | undefined;
  /** Empty means all. */
  kinds: readonly EventKind[];
}

/** Whether a line matches: it has one of the kinds and contains each word. */
export function fits(line: JournalLine, { text, kinds }: EventFilter): boolean {
  if (kinds.length > 0 && !kinds.includes(line.kind) && !(line.isError && kinds.includes('error'))) return false;
  if (!text) return true;
  const hay = [line.text, line.detail, line.by, line.node?.id, line.node?.name].join(' ').toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => hay.includes(word));
}
