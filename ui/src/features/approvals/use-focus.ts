import { useEffect, useRef } from 'react';

/** Where the focus goes when a render has shown it. */
interface Wanted {
  part: 'row' | 'detail';
  id: string;
}

/** Moves the focus between the rows and the heading of what is open. */
export function useFocus(openId: string | undefined) {
  const heading = useRef<HTMLHeadingElement>(null);
  const wanted = useRef<Wanted | null>(null);
  useEffect(() => {
    if (!wanted.current) return;
    const { part, id } = wanted.current;
    const isThere = part === 'row' ? focusRow(id) : openId === id && focus(heading.current);
    if (isThere) wanted.current = null;
  });
  const focusLater = (part: Wanted['part'], id: string) => {
    wanted.current = { part, id };
  };
  return { heading, focusLater };
}

/** Focuses the row of an approval; returns whether it is shown. */
export function focusRow(id: string | undefined): boolean {
  const rows = [...document.querySelectorAll<HTMLElement>('[data-approval]')];
  return focus(rows.find((row) => row.dataset.approval === id)?.querySelector('button') ?? null);
}

/** Returns the approval whose row has the focus. */
export function focusedRow(): string | undefined {
  return document.activeElement?.closest<HTMLElement>('[data-approval]')?.dataset.approval;
}

function focus(element: HTMLElement | null): boolean {
  element?.focus();
  return element !== null && document.activeElement === element;
}
