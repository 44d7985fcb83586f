/** How the studio talks to the API: one place for credentials, problems, clock and reachability. */
import { learnServerTime } from '@/lib/clock';
import { reportReachable } from '@/lib/connection';
import { reportRefused } from '@/lib/session';
import { authorization } from './credentials';
import { problemOf, toProblem } from './problem';

export const API = '/api/v1';

type Query = Record<string, string | number | boolean | readonly string[] | null | undefined>;

export interface CallOptions {
  query?: Query;
  body?: unknown;
  idempotencyKey?: string;
  signal?: AbortSignal;
}

export interface Answer<T> {
  data: T;
  headers: Headers;
}

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/**
 * Calls the API and gives back the body.
 *
 * Throws a `Problem` for every answer outside 200–299 and when no answer comes.
 */
export async function call<T>(method: Method, path: string, options: CallOptions = {}): Promise<Answer<T>> {
  const response = await send(method, path, options);
  const body = await bodyOf(response);
  reportRefused(response.status === 401);
  if (!response.ok) throw problemOf(response.status, body);
  return { data: body as T, headers: response.headers };
}

async function send(method: Method, path: string, options: CallOptions): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json', ...authorization() };
  if (options.body !== undefined) headers['Content-Type'] = 'application/json';
  if (options.idempotencyKey) headers['Idempotency-Key'] = options.idempotencyKey;
  const init: RequestInit = { method, headers, signal: options.signal ?? null };
  if (options.body !== undefined) init.body = JSON.stringify(options.body);
  try {
    const response = await fetch(`${API}${path}${queryString(options.query)}`, init);
    learnServerTime(response.headers.get('date'));
    reportReachable(!isGatewayError(response.status));
    return response;
  } catch (error) {
    if (options.signal?.aborted) throw error;
    reportReachable(false);
    throw toProblem(error);
  }
}

/** A proxy in front answers for a server that is away. */
function isGatewayError(status: number): boolean {
  return status === 502 || status === 504;
}

async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text();
  if (text === '') return undefined;
  if (!response.headers.get('content-type')?.includes('json')) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Writes a query; what is empty is left out, lists are joined by commas. */
export function queryString(query: Query = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null || value === '') continue;
    if (Array.isArray(value) && value.length === 0) continue;
    parameters.set(name, Array.isArray(value) ? value.join(',') : String(value));
  }
  const text = parameters.toString();
  return text ? `?${text}` : '';
}

/** Returns the cursor of the next page out of a `Link` header, or `null` on the last page. */
export function nextCursor(link: string | null): string | null {
  const next = link?.split(/,(?=\s*<)/).find((part) => /;\s*rel="?next"?/i.test(part));
  const target = next?.match(/<([^>]*)>/)?.[1];
  return target ? new URL(target, 'http://localhost').searchParams.get('cursor') : null;
}
