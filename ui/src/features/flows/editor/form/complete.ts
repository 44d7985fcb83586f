/** Completion inside expressions. */

/** A name that expressions may use. */
export interface Name {
  name: string;
  detail: string;
}

export interface Completion {
  /** The start of the word that the choice replaces. */
  from: number;
  choices: readonly Name[];
}

/** Dots, brackets and quotes are part of the word: `nodes["fetch-data"].output`. */
const WORD = /[\w.[\]"-]*$/;
const CHOICES_MAX = 40;

/**
 * Completes the text before `caret`.
 *
 * Outside `${ }` there is nothing to complete, unless the whole text is an expression (`isBare`). Returns `null` when
 * nothing matches or the word is complete.
 */
export function complete(text: string, caret: number, names: readonly Name[], isBare: boolean): Completion | null {
  const before = text.slice(0, caret);
  const opened = before.lastIndexOf('${');
  const isInside = opened >= 0 && !before.slice(opened).includes('}');
  if (!isBare && !isInside) return null;
  const start = isInside ? opened + 2 : 0;
  const word = WORD.exec(before.slice(start))?.[0].replace(/^"+/, '') ?? '';
  const typed = word.toLowerCase();
  const choices = names
    .filter(({ name }) => name.toLowerCase().startsWith(typed) && name !== word)
    .slice(0, CHOICES_MAX);
  return choices.length > 0 ? { from: caret - word.length, choices } : null;
}
