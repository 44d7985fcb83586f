import { useMediaQuery } from '@mantine/hooks';
import { useEffect, useRef, useState } from 'react';
import type { Approval } from '@/api/approvals';
import { useMay } from '@/api/use-may';
import { useNow } from '@/lib/clock';
import type { Verdict } from './bulk';
import { afterwards, shownOf } from './order';
import type { InboxSearch } from './search';
import { focusedRow, focusRow, useFocus } from './use-focus';
import { useInboxKeys } from './use-inbox-keys';

export interface InboxProps {
  /** All that waits; not empty. */
  rows: readonly Approval[];
  search: InboxSearch;
  onLook: (change: InboxSearch) => void;
  onSettled: (approval: Approval, outcome: string, isMine: boolean) => void;
  onBulk: (verdict: Verdict, chosen: readonly Approval[]) => void;
  /** Told when the last one is decided: what had the focus is gone. */
  onEmpty: () => void;
}

/** What the inbox shows, and what its keys and buttons do. */
export function useInbox({ rows, search, onLook, onSettled, onBulk, onEmpty }: InboxProps) {
  const isWide = !useMediaQuery('(max-width: 860px)', undefined, { getInitialValueInEffect: false });
  const shown = shownOf(rows, search, useNow(search.soon ? 10_000 : 0));
  const openId = search.id;
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const chosen = shown.filter(({ id }) => ids.has(id));
  const { heading, focusLater } = useFocus(openId);
  const first = shown[0]?.id;
  const latest = useRef(openId);
  useEffect(() => {
    latest.current = openId;
  });
  // What is open stays open when others come or go.
  useEffect(() => {
    if (isWide && openId === undefined && first !== undefined) onLook({ id: first });
  });
  const select = (selected: Iterable<string>) => setIds(new Set(selected));
  const toggle = (id: string) => setIds((before) => toggled(before, id));
  const open = (id: string) => {
    if (id === openId) heading.current?.focus();
    else focusLater('detail', id);
    onLook({ id });
  };
  const leave = () => {
    if (isWide && heading.current?.closest('article')?.contains(document.activeElement)) focusRow(openId);
    else if (isWide || openId === undefined) select([]);
    else {
      focusLater('row', openId);
      onLook({ id: undefined });
    }
  };
  const advance = (from: string) => {
    const next = afterwards(shown, from);
    onLook({ id: next?.id });
    if (!next) onEmpty();
    else focusLater(isWide ? 'row' : 'detail', next.id);
  };
  const settle = (approval: Approval, outcome: string, isMine: boolean) => {
    onSettled(approval, outcome, isMine);
    // Who has moved on while the answer was on its way stays there.
    if (latest.current === approval.id) advance(approval.id);
  };
  const move = (by: number) => {
    const from = focusedRow() ?? openId;
    const at = shown.findIndex(({ id }) => id === from);
    const next = at < 0 ? shown[0] : shown[at + by];
    if (!next) return;
    if (isWide || openId === undefined) focusRow(next.id);
    else open(next.id);
  };
  const { may } = useMay('decide', 'anywhere');
  const bulk = (verdict: Verdict) => {
    if (may && chosen.length > 0) onBulk(verdict, chosen);
    return chosen.length > 0;
  };
  useInboxKeys({
    onMove: move,
    onToggle: () => {
      const id = focusedRow() ?? openId;
      if (id !== undefined) toggle(id);
    },
    onBulk: bulk,
    onLeave: leave,
  });
  return { isWide, shown, chosen, heading, select, toggle, open, leave, settle, bulk };
}

function toggled(ids: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const changed = new Set(ids);
  if (!changed.delete(id)) changed.add(id);
  return changed;
}
