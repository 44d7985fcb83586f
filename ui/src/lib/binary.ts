/** Bytes in JSON, as nodes return them: `{"$binary": {"content_type", "base64"}}`. */
import { isRecord } from './json';

export interface Binary {
  contentType: string | null;
  name: string | null;
  /** How many bytes they are. */
  size: number;
  base64: string;
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
/** Images that browsers show, and that run nothing. */
const IMAGES: readonly string[] = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];

/** Returns the bytes that a value is; `null` for any other value. */
export function binaryOf(value: unknown): Binary | null {
  if (!isRecord(value) || Object.keys(value).length !== 1) return null;
  const inside = value.$binary;
  if (!isRecord(inside) || typeof inside.base64 !== 'string' || !BASE64.test(inside.base64)) return null;
  const { content_type: type, filename, base64 } = inside;
  return {
    contentType: typeof type === 'string' ? type : null,
    name: typeof filename === 'string' && filename !== '' ? filename : null,
    size: Math.floor((base64.replace(/=+$/, '').length * 3) / 4),
    base64,
  };
}

/** Returns the address of the image that bytes are; `null` where they are none. */
export function imageOf({ contentType, base64 }: Binary): string | null {
  const type = contentType?.split(';')[0]?.trim().toLowerCase() ?? '';
  return IMAGES.includes(type) ? `data:${type};base64,${base64}` : null;
}

/** Whether there are bytes anywhere in a value. */
export function hasBinary(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return binaryOf(value) !== null || Object.values(value).some(hasBinary);
}

/** Leaves bytes out of the beginning of a JSON text. */
export function withoutBytes(beginning: string): string {
  return beginning.replace(/("base64": ?")[A-Za-z0-9+/=]*/g, '$1…');
}
