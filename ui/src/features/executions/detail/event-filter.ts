import type { JournalLine, LineKind } from './journal';

export const KINDS: readonly LineKind[] = ['execution', 'node', 'attempt', 'error'];

export interface EventFilter {
  text: string | undefined;
  /** None means all. */
  kinds: readonly LineKind[];
}

/** Whether a line is to be shown: its kind is asked for, and each word stands somewhere in it. */
export function fits(line: JournalLine, { text, kinds }: EventFilter): boolean {
  if (kinds.length > 0 && !kinds.includes(line.kind)) return false;
  if (!text) return true;
  const hay = [line.text, line.detail, line.node?.id, line.node?.name].join(' ').toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => hay.includes(word));
}
