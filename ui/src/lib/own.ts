/** Lookup of names that come from documents and answers, such as `constructor`, which every object inherits. */

/** Returns the value that `record` itself has for `key`; `undefined` for an absent or inherited one. */
export function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
