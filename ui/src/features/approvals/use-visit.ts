import { useCallback, useEffect, useRef, useState } from 'react';
import { type Approval, getApproval } from '@/api/approvals';
import { decidedText } from '@/components/decided-text';
import { isGone } from '@/components/use-decision';
import { texts } from './texts';

/** Something that no longer waits, and what became of it since the page was opened. */
export interface Settled {
  approval: Approval;
  outcome: string;
  /** Whether it was decided on this page. */
  isMine: boolean;
}

/** How many are remembered. */
const SETTLED_MAX = 100;

/** Remembers what was decided since the page was opened: here, or by others. The newest are first. */
export function useVisit(rows: readonly Approval[] | undefined) {
  const [settled, setSettled] = useState<readonly Settled[]>([]);
  const before = useRef<readonly Approval[]>([]);
  const known = useRef(new Set<string>());
  const note = useCallback((approval: Approval, outcome: string, isMine: boolean) => {
    known.current.add(keyOf(approval));
    setSettled((all) => {
      const others = all.filter((one) => keyOf(one.approval) !== keyOf(approval));
      return [{ approval, outcome, isMine }, ...others].slice(0, SETTLED_MAX);
    });
  }, []);
  useEffect(() => {
    if (!rows) return;
    const present = new Set(rows.map(keyOf));
    const vanished = before.current.filter((row) => !present.has(keyOf(row)));
    before.current = rows;
    for (const approval of vanished) {
      void becameOf(approval).then((outcome) => {
        // A decision of this page is noted when its answer arrives, perhaps after the list.
        if (outcome !== null && !known.current.has(keyOf(approval))) note(approval, outcome, false);
      });
    }
  }, [rows, note]);
  const isSettled = (approval: Approval) => settled.some((one) => keyOf(one.approval) === keyOf(approval));
  return { settled, note, isSettled };
}

/** The same call with other arguments is another one. */
function keyOf({ id, arguments_hash: hash }: Approval): string {
  return `${id} ${hash}`;
}

/** Returns what became of it; `null` if it still waits, or that cannot be read. */
async function becameOf({ id }: Approval): Promise<string | null> {
  try {
    const { decided, is_open: isOpen } = await getApproval(id);
    if (decided) return decidedText(decided);
    return isOpen ? null : texts.ended;
  } catch (error) {
    return isGone(error) ? texts.ended : null;
  }
}
