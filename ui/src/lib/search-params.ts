/**
 * Reads search parameters of an address. They may hold anything; invalid values count as absent.
 *
 * A page's reader returns every parameter that it knows, absent ones as `undefined`: the router keeps what it leaves out.
 */

export type RawSearch = Record<string, unknown>;

export function textIn(search: RawSearch, name: string): string | undefined {
  const value = search[name];
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

export function flagIn(search: RawSearch, name: string): boolean | undefined {
  const value = search[name];
  if (value === true || value === 'true') return true;
  if (value === false || value === 'false') return false;
  return undefined;
}

export function oneOf<T extends string>(search: RawSearch, name: string, allowed: readonly T[]): T | undefined {
  return allowed.find((value) => value === search[name]);
}

/** Reads a day, such as `2026-11-30`. */
export function dayIn(search: RawSearch, name: string): string | undefined {
  const value = textIn(search, name);
  if (!value || !/^\d{4}-\d\d-\d\d$/.test(value)) return undefined;
  const moment = Date.parse(`${value}T00:00:00Z`);
  // 30 February is read as a day of March.
  return !Number.isNaN(moment) && new Date(moment).toISOString().startsWith(value) ? value : undefined;
}

/** Reads a list, an array or comma-separated, and keeps the allowed values in the order of `allowed`. */
export function someOf<T extends string>(search: RawSearch, name: string, allowed: readonly T[]): T[] | undefined {
  const value = search[name];
  const given = Array.isArray(value) ? value : typeof value === 'string' ? value.split(',') : [];
  const kept = allowed.filter((candidate) => given.includes(candidate));
  return kept.length > 0 ? kept : undefined;
}

/** Reads an address as strings: `?status=failed,paused&q=503`. The functions above convert numbers and flags. */
export function parseSearch(text: string): RawSearch {
  return Object.fromEntries(new URLSearchParams(text));
}

/** Writes what `parseSearch` reads: lists joined by commas, absent values left out. */
export function stringifySearch(search: RawSearch): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    if (value === undefined || value === null || value === '') continue;
    parameters.set(name, Array.isArray(value) ? value.join(',') : String(value));
  }
  const text = parameters.toString().replaceAll('%2C', ',');
  return text ? `?${text}` : '';
}
