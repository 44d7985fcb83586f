/** Which approvals the inbox shows, in which order. All functions are pure. */
import type { Approval } from '@/api/approvals';
import { millis } from '@/lib/time';
import type { InboxSearch, Sort } from './search';

/** What expires within this time is about to. */
const SOON_MS = 3_600_000;

export function expiresSoon({ expires_at: expiresAt }: Pick<Approval, 'expires_at'>, now: number): boolean {
  const expires = millis(expiresAt);
  return expires !== null && expires - now < SOON_MS;
}

/** Returns the approvals that the filters let through, in order. New ones come last, unless the newest come first. */
export function shownOf(rows: readonly Approval[], search: InboxSearch, now: number): Approval[] {
  const { flow, agent, tool, soon, sort = 'expiry' } = search;
  const kept = rows.filter(
    (row) =>
      (flow === undefined || row.flow_id === flow) &&
      (agent === undefined || row.agent_name === agent) &&
      (tool === undefined || row.tool === tool) &&
      (!soon || expiresSoon(row, now)),
  );
  return kept.sort((a, b) => compare(a, b, sort));
}

function compare(a: Approval, b: Approval, sort: Sort): number {
  const asked = a.requested_at.localeCompare(b.requested_at) || a.id.localeCompare(b.id);
  if (sort === 'newest') return -asked;
  const expiry = sort === 'expiry' ? endOf(a) - endOf(b) : 0;
  return expiry || asked;
}

function endOf({ expires_at: expiresAt }: Approval): number {
  return millis(expiresAt) ?? Number.MAX_SAFE_INTEGER;
}

export interface Choice {
  value: string;
  label: string;
}

/** Returns the flows, agents and tools of what waits, with how many wait. */
export function choicesOf(rows: readonly Approval[], deletedFlow: string) {
  return {
    flow: counted(rows, ({ flow_id: id, flow_name: name }) => ({ value: id, label: name ?? deletedFlow })),
    agent: counted(rows, ({ agent_name: name }) => name !== null && { value: name, label: name }),
    tool: counted(rows, ({ tool }) => tool !== null && { value: tool, label: tool }),
  };
}

function counted(rows: readonly Approval[], choiceOf: (row: Approval) => Choice | false): Choice[] {
  const counts = new Map<string, { label: string; count: number }>();
  for (const row of rows) {
    const choice = choiceOf(row);
    if (!choice) continue;
    counts.set(choice.value, { label: choice.label, count: (counts.get(choice.value)?.count ?? 0) + 1 });
  }
  const choices = [...counts].map(([value, { label, count }]) => ({ value, label: `${label} (${count})` }));
  return choices.sort((a, b) => a.label.localeCompare(b.label));
}

/** Returns what comes after one that is decided: the next, else the one before. */
export function afterwards(shown: readonly Approval[], id: string): Approval | null {
  const at = shown.findIndex((row) => row.id === id);
  return shown[at + 1] ?? shown[at - 1] ?? null;
}
