/** JSON as text to read. All functions are pure. */

/** Writes a value over several lines. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, null, 2) ?? 'null';
}

/** Reads as `0.4 kB`, `12 kB`, `3.1 MB`. */
export function readableSize(chars: number): string {
  if (chars < 1_000) return `${chars} B`;
  if (chars < 1_000_000) return `${(chars / 1_000).toFixed(chars < 10_000 ? 1 : 0)} kB`;
  return `${(chars / 1_000_000).toFixed(1)} MB`;
}

// Control characters but line feed and tab; marks that turn the direction of text; what has no width; lone surrogates.
const ODD =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Spells out what cannot be seen or changes how its neighbours are drawn: `\u202e`. Line feeds and tabs stay. */
export function visible(text: string): string {
  return text.replace(ODD, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
