/** Entries of lists that the server could not read: no more is known of them than which they are, and why. */
import type { components } from './schema';

/** A flow, an agent, an execution or a group of failures that cannot be read. */
export type Damaged = components['schemas']['Damaged'];

/** A list, with what cannot be read of it apart. */
export interface Listed<Row, Broken = Damaged> {
  rows: Row[];
  damaged: Broken[];
}

/** Returns the entries that could be read, and the others, both in order. */
export function parted<Row extends object, Broken extends { damaged: string }>(
  entries: readonly (Row | Broken)[],
): Listed<Row, Broken> {
  const isDamaged = (entry: Row | Broken): entry is Broken => 'damaged' in entry;
  return {
    rows: entries.filter((entry): entry is Row => !isDamaged(entry)),
    damaged: entries.filter(isDamaged),
  };
}

export const rowsOf = <Row>({ rows }: Listed<Row>): Row[] => rows;
export const damagedOf = ({ damaged }: Listed<unknown>): Damaged[] => damaged;
