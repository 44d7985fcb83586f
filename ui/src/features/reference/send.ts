/** Sends a request of the reference as it is, with the credentials of the studio, and reads whatever comes back. */
import { authorization } from '@/api/credentials';
import type { Call } from './request';

export interface Received {
  status: number;
  /** Such as `Created`; empty where the protocol has none. */
  reason: string;
  milliseconds: number;
  headers: readonly (readonly [string, string])[];
  text: string;
}

/** How much of a response is read, in characters. */
export const CHARS_MAX = 1_000_000;

export async function sent({ method, url, headers, body }: Call): Promise<Received> {
  const started = performance.now();
  const response = await fetch(url, { method, headers: { ...headers, ...authorization() }, body });
  const text = await response.text();
  return {
    status: response.status,
    reason: response.statusText,
    milliseconds: Math.round(performance.now() - started),
    headers: [...response.headers],
    text,
  };
}
