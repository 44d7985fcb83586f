import type { KeyboardEvent } from 'react';

/** Arrow keys move between the links marked `data-flow`, within rows and across them. */
export function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const links = [...event.currentTarget.querySelectorAll<HTMLElement>('a[data-flow]')];
  const current = links.indexOf(document.activeElement as HTMLElement);
  if (current < 0 || event.metaKey || event.ctrlKey || event.altKey) return;
  const perLine = countPerLine(links);
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: perLine, ArrowUp: -perLine, j: perLine, k: -perLine }[
    event.key
  ];
  const next = step === undefined ? undefined : links[current + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

/** Returns the number of items in the first row. */
function countPerLine(links: readonly HTMLElement[]): number {
  const top = links[0]?.getBoundingClientRect().top;
  return Math.max(1, links.filter((link) => link.getBoundingClientRect().top === top).length);
}
