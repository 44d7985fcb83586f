/** Completion inside expressions: what is being typed, and what it could become. */

/** Something that an expression may name. */
export interface Name {
  name: string;
  detail: string;
}

export interface Completion {
  /** Where the word begins that the choice replaces. */
  from: number;
  choices: readonly Name[];
}

/** Dots, brackets and quotes belong to the word: `nodes["fetch-data"].output`. */
const WORD = /[\w.[\]"-]*$/;
const CHOICES_MAX = 40;

/**
 * Completes what stands before `caret`.
 *
 * Outside `${ }` there is nothing to complete, unless the whole text is an expression (`isBare`). Returns `null` when
 * nothing fits or what is typed is complete.
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
