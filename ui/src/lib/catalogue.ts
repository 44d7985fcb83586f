/** Texts of the studio: English stands in the code, and the language of the visit is laid over it. */

/** Texts by name: strings, functions that return them, and groups of both. */
export type Texts = { readonly [name: string]: unknown };

/** What a translation of `T` may have: the same names, and functions with the same arguments. What it lacks stays English. */
export type Translation<T> = T extends (...args: infer Args) => infer Result
  ? (...args: Args) => Wide<Result>
  : T extends readonly unknown[]
    ? Wide<T>
    : T extends object
      ? { readonly [Name in keyof T]?: Translation<T[Name]> }
      : Wide<T>;

/** The same shape with any words in it. */
type Wide<T> = T extends string ? string : T extends object ? { readonly [Name in keyof T]: Wide<T[Name]> } : T;

const english = new Map<string, Texts>();

const shown = new Map<string, Texts>();

let translations: Readonly<Record<string, Texts>> = {};

/**
 * Takes the translations of a language, by the names of their catalogues. Before the studio is imported, whose modules make
 * constants of texts. Catalogues that the language itself has imported are translated where they are.
 */
export function translateWith(language: Readonly<Record<string, Texts>>) {
  translations = language;
  for (const [name, texts] of shown) Object.assign(texts, translated(name));
}

/** Returns the texts in the language of this visit. `name` is that of the translations' files. */
export function catalogue<T extends Texts>(name: string, texts: T): T {
  english.set(name, texts);
  const result = translated(name);
  shown.set(name, result);
  // A translation has the type of what it translates, except for the words.
  return result as T;
}

function translated(name: string): Texts {
  return merged(english.get(name) ?? {}, translations[name] ?? {});
}

/** The English catalogues of the modules that were imported, by name. */
export function catalogues(): ReadonlyMap<string, Texts> {
  return english;
}

function isGroup(value: unknown): value is Texts {
  // Lists and maps are one text.
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function merged(texts: Texts, translation: Texts): Texts {
  const all: Record<string, unknown> = { ...texts };
  for (const [name, value] of Object.entries(translation)) {
    const own = all[name];
    all[name] = isGroup(own) && isGroup(value) ? merged(own, value) : value;
  }
  return all;
}
