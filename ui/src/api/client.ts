/** How the studio talks to the API: one place for credentials, problems, clock, reachability and exact numbers. */
import createClient, { createFinalURL, defaultPathSerializer } from 'openapi-fetch';
import { learnServerTime } from '@/lib/clock';
import { reportReachable } from '@/lib/connection';
import { parseJson, parseJsonOr, writeJson } from '@/lib/json';
import { reportRefused } from '@/lib/session';
import { authorization } from './credentials';
import {
  type AddressOptions,
  type AnswerOf,
  API,
  type Arguments,
  type CallOptions,
  type Method,
  type PathOf,
  type Paths,
} from './operations';
import { problemOf, toProblem } from './problem';

export interface Answer<T> {
  data: T;
  headers: Headers;
}

/** `CallOptions` of any operation. */
interface AnyOptions {
  path?: Record<string, unknown>;
  query?: Query;
  body?: unknown;
  idempotencyKey?: string;
  ifMatch?: string;
  signal?: AbortSignal;
  keepalive?: boolean;
}

type Query = Readonly<Record<string, string | number | boolean | readonly string[] | null | undefined>>;

const querySerializer = (query: unknown) => queryString(query as Query);

const client = createClient<Paths>({ baseUrl: API, fetch: send, querySerializer, bodySerializer: writeJson });

/**
 * Calls the API and returns the body and the headers.
 *
 * A number that JavaScript would change is an `ExactNumber`, also where the type says `number`: the API writes a rate of
 * one as `1.0`. What calculates takes it by `numberOf`.
 *
 * Throws a `Problem` for every response outside 200–299 and when there is none.
 */
export async function call<M extends Method, P extends PathOf<M>>(
  method: M,
  path: P,
  ...[options]: Arguments<CallOptions<M, P>>
): Promise<Answer<AnswerOf<M, P>>> {
  const { data, error, response } = await ask(method, path, (options as AnyOptions | undefined) ?? {});
  const problem = response.ok ? null : problemOf(response.status, error);
  if (problem?.isNotSignedIn) reportRefused(true);
  if (problem) throw problem;
  return { data: data as AnswerOf<M, P>, headers: response.headers };
}

/** Calls the API for what is not JSON. */
export async function callText<P extends PathOf<'GET'>>(path: P): Promise<string> {
  const response = await send(new Request(`${API}${path}`, { headers: authorization() }));
  const text = await response.text();
  if (response.ok) return text;
  const problem = problemOf(response.status, parseJsonOr(text) ?? text);
  if (problem.isNotSignedIn) reportRefused(true);
  throw problem;
}

/** `CallOptions` have checked the options; the library's own types accept unknown fields in a body. */
async function ask(
  method: Method,
  path: string,
  { path: segments, query, body, signal, keepalive, ...named }: AnyOptions,
) {
  const conditions = { 'Idempotency-Key': named.idempotencyKey, 'If-Match': named.ifMatch };
  const headers = { Accept: 'application/json', ...authorization(), ...conditions };
  const params = { path: segments, query };
  const init = { params, body, headers, signal, keepalive, parseAs: 'text' };
  try {
    const { data, ...answer } = await client.request(method.toLowerCase() as 'get', path as never, init as never);
    return { ...answer, data: data ? parseJson(data) : undefined };
  } catch (error) {
    throw signal?.aborted ? error : toProblem(error);
  }
}

/** The address of a stream of events. */
export function addressOf<P extends PathOf<'GET'>>(path: P, ...[options]: Arguments<AddressOptions<P>>): string {
  const params = (options ?? {}) as AnyOptions;
  return createFinalURL(path, {
    baseUrl: API,
    params,
    querySerializer,
    pathSerializer: defaultPathSerializer,
  });
}

async function send(request: Request): Promise<Response> {
  try {
    const response = await fetch(request);
    learnServerTime(response.headers.get('date'));
    reportReachable(!isGatewayError(response));
    return response;
  } catch (error) {
    if (request.signal.aborted) throw error;
    reportReachable(false);
    throw toProblem(error);
  }
}

/** A proxy responds like this when it cannot reach the server. The server itself responds with a problem. */
function isGatewayError({ status, headers }: Response): boolean {
  const isProblem = headers.get('content-type')?.startsWith('application/problem+json') ?? false;
  return (status === 502 || status === 504) && !isProblem;
}

/** Writes a query; empty values are left out, lists are joined by commas. */
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

/** Returns the cursor of the next page from a `Link` header, or `null` on the last page. */
export function nextCursor(link: string | null): string | null {
  const next = link?.split(/,(?=\s*<)/).find((part) => /;\s*rel="?next"?/i.test(part));
  const target = next?.match(/<([^>]*)>/)?.[1];
  return target ? new URL(target, 'http://localhost').searchParams.get('cursor') : null;
}

/** One page of a list. */
interface RowsPage<Row> {
  data: readonly Row[];
  headers: Headers;
}

/** Reads a list page by page, at most so many of them, and returns its rows. */
export async function everyRow<Row>(
  page: (cursor: string | null) => Promise<RowsPage<Row>>,
  pagesMax: number,
): Promise<Row[]> {
  const rows: Row[] = [];
  let cursor: string | null = null;
  for (let count = 0; count < pagesMax; count += 1) {
    const { data, headers }: RowsPage<Row> = await page(cursor);
    rows.push(...data);
    cursor = nextCursor(headers.get('link'));
    if (!cursor) break;
  }
  return rows;
}
