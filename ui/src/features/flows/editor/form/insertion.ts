/** Puts the way to a value into the field that was edited last, or that it is dropped on. */
import { createContext, type DragEvent } from 'react';
import { writeJson } from '@/lib/json';

/** A field that takes expressions. */
export interface InsertTarget {
  insert(path: string): void;
}

/** The field that had the focus last. */
export const InsertContext = createContext<{ current: InsertTarget | null }>({ current: null });

/** The data type of a dragged value. */
export const DRAGGED_PATH = 'application/x-steadflow-path';

/** Returns what a drag carries; `null` where it carries no value. */
export function draggedPath(event: Pick<DragEvent, 'dataTransfer'>): string | null {
  return event.dataTransfer.getData(DRAGGED_PATH) || null;
}

export function carriesPath(event: Pick<DragEvent, 'dataTransfer'>): boolean {
  return event.dataTransfer.types.includes(DRAGGED_PATH);
}

export interface Inserted {
  text: string;
  /** Where the caret is then. */
  caret: number;
}

/** Writes a template of one expression. */
export function templateOf(path: string): string {
  return `\${${path}}`;
}

/** Returns the text with `path` in place of a range, as a template unless the place is inside of an expression. */
export function inserted(text: string, from: number, to: number, path: string, isBare: boolean): Inserted {
  const what = isBare || isInside(text.slice(0, from)) ? path : templateOf(path);
  return { text: text.slice(0, from) + what + text.slice(to), caret: from + what.length };
}

/** The same in JSON: as a string of its own where the place is outside of strings, and escaped inside of one. */
export function insertedInJson(text: string, from: number, to: number, path: string): Inserted {
  const before = text.slice(0, from);
  const escaped = writeJson(path).slice(1, -1);
  const isIn = isInString(before);
  const what = isIn ? (isInside(before) ? escaped : templateOf(escaped)) : `"${templateOf(escaped)}"`;
  return { text: text.slice(0, from) + what + text.slice(to), caret: from + what.length - (isIn ? 0 : 1) };
}

/** Whether the end of a text is inside of `${ }`. */
function isInside(before: string): boolean {
  const opened = before.lastIndexOf('${');
  return opened >= 0 && before[opened - 1] !== '$' && !before.slice(opened).includes('}');
}

function isInString(before: string): boolean {
  let isIn = false;
  for (let at = 0; at < before.length; at += 1) {
    if (before[at] === '\\' && isIn) at += 1;
    else if (before[at] === '"') isIn = !isIn;
  }
  return isIn;
}
