/** The end of an id: ids start with a timestamp, so their beginnings look alike. */
export function shortId(id: string): string {
  return id.slice(-8);
}
