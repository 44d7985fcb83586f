/** A fake API: responds by method and path, and records the requests. */
import { vi } from 'vitest';
import { LEAST_ROLES } from '@/api/use-may';
import { parseJson, writeJson } from '@/lib/json';
import { LOCAL } from './an-account';

export interface Asked {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: Headers;
  body: unknown;
  /** The body as it was sent. */
  text: string;
}

type Reply = Response | unknown;
type Route = (asked: Asked) => Reply | Promise<Reply>;

const EVERYTHING = { ...LOCAL, permissions: Object.keys(LEAST_ROLES) };

/** Routes are written `GET /studio/flows`; a segment `*` matches any one. Requests without a route get 404. */
export function fakeApi(routes: Record<string, Route>): Asked[] {
  const all: Asked[] = [];
  vi.stubGlobal('fetch', async (input: RequestInfo | URL, init: RequestInit = {}) => {
    const request = new Request(
      new URL(String(input instanceof Request ? input.url : input), 'http://localhost'),
      init,
    );
    const asked = await read(input instanceof Request ? input : request);
    const route = Object.entries(routes).find(([pattern]) => fits(pattern, asked))?.[1];
    // Tests of something else may do everything.
    if (!route && fits('GET /studio/account', asked)) return json(EVERYTHING);
    all.push(asked);
    if (!route) return problem(404, 'no-such-route', `Nothing answers ${asked.method} ${asked.path}.`);
    const reply = await route(asked);
    return reply instanceof Response ? reply : json(reply);
  });
  return all;
}

export function json(body: unknown, init: ResponseInit = {}): Response {
  return new Response(writeJson(body), {
    ...init,
    headers: { 'Content-Type': 'application/json', ...(init.headers as Record<string, string>) },
  });
}

export function problem(status: number, slug: string, detail: string): Response {
  return json({ type: `/problems#${slug}`, title: slug, status, detail }, { status });
}

async function read(request: Request): Promise<Asked> {
  const url = new URL(request.url);
  const text = await request.text();
  return {
    method: request.method,
    path: url.pathname.replace(/^\/api\/v1/, ''),
    query: url.searchParams,
    headers: request.headers,
    body: text ? parseJson(text) : undefined,
    text,
  };
}

function fits(pattern: string, asked: Asked): boolean {
  const [method, path = ''] = pattern.split(' ');
  const wanted = path.split('/');
  const given = asked.path.split('/');
  return (
    method === asked.method &&
    wanted.length === given.length &&
    wanted.every((segment, at) => segment === '*' || segment === given[at])
  );
}
