/** Times as the fields of browsers have them: in the time zone of who looks, without naming it. */

/** Converts RFC 3339 to the value of a field; empty where it is no time. */
export function toLocal(time: string | undefined): string {
  const date = new Date(time ?? '');
  if (Number.isNaN(date.getTime())) return '';
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** Converts the value of a field to RFC 3339. */
export function fromLocal(value: string): string | undefined {
  const date = new Date(value);
  return value === '' || Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
