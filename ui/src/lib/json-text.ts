/** JSON as readable text. All functions are pure. */
import { formatNumber } from './locale';

/** Reads as `0.4 kB`, `12 kB`, `3.1 MB`. */
export function readableSize(chars: number): string {
  if (chars < 1_000) return `${chars} B`;
  if (chars < 1_000_000) return `${decimal(chars / 1_000, chars < 10_000 ? 1 : 0)} kB`;
  return `${decimal(chars / 1_000_000, 1)} MB`;
}

function decimal(value: number, digits: number): string {
  return formatNumber(value, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

// Control characters except line feed and tab, direction marks, zero-width characters, tags, which spell out texts that only
// models read (U+E0000 to U+E007F), and lone surrogates.
const ODD =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern searches for them.
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\udb40[\udc00-\udc7f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Escapes characters that are invisible or change how their neighbours are shown: `\u202e`. Keeps line feeds and tabs. */
export function visible(text: string): string {
  const unit = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return text.replace(ODD, (odd) => odd.split('').map(unit).join(''));
}

/** Escapes what JSON escapes inside a string, but keeps line feeds and tabs. */
export function escaped(text: string): string {
  return visible(text.replace(/["\\]/g, '\\$&'));
}
