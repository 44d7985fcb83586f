// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from 'vitest';
import { parseJson, writeJson } from '@/lib/json';
import { fakeApi, json, problem } from '@/testing/fake-api';
import { addressOf, call, nextCursor, queryString } from './client';
import { saveApiKey } from './credentials';
import { Problem } from './problem';

afterEach(() => vi.unstubAllGlobals());

describe('a call', () => {
  it('fills the path, joins lists by commas and leaves out what is empty', async () => {
    const asked = fakeApi({ 'GET /studio/executions': () => [], 'GET /studio/flows/*': () => ({}) });

    const query = { status: ['failed', 'paused'], q: '', flow_id: undefined, cursor: null, limit: 5 } as const;
    await call('GET', '/studio/executions', { query });
    await call('GET', '/studio/flows/{id}', { path: { id: 'a/b' } });

    expect(asked[0]?.query.toString()).toBe('status=failed%2Cpaused&limit=5');
    expect(asked[1]?.path).toBe('/studio/flows/a%2Fb');
  });

  it('sends credentials, body and idempotency key', async () => {
    saveApiKey('secret');
    const asked = fakeApi({ 'POST /studio/flows/*/execute': () => json({ execution_id: 'e' }, { status: 201 }) });

    const options = { path: { id: 'f' }, body: { trigger_data: 1 }, idempotencyKey: 'once' };
    const { data } = await call('POST', '/studio/flows/{id}/execute', options);

    expect(data).toEqual({ execution_id: 'e' });
    const names = ['accept', 'authorization', 'content-type', 'idempotency-key'];
    const headers = names.map((name) => asked[0]?.headers.get(name));
    expect(headers).toEqual(['application/json', 'Bearer secret', 'application/json', 'once']);
    expect(asked[0]?.body).toEqual({ trigger_data: 1 });
  });

  it('throws a problem for a refusal, a missing response and invalid JSON', async () => {
    fakeApi({
      'GET /studio/flows': () => problem(409, 'conflict', 'The flow was changed elsewhere.'),
      'GET /studio/agents': () => new Response('<html>', { headers: { 'Content-Type': 'text/html' } }),
      'GET /studio/failures': () => Promise.reject(new TypeError('Failed to fetch')),
    });

    const thrown = [
      await call('GET', '/studio/flows').catch((error: unknown) => error),
      await call('GET', '/studio/agents').catch((error: unknown) => error),
      await call('GET', '/studio/failures').catch((error: unknown) => error),
    ];

    expect(thrown.every((error) => error instanceof Problem)).toBe(true);
    expect(thrown[0]).toMatchObject({
      status: 409,
      detail: 'The flow was changed elsewhere.',
      type: '/problems#conflict',
    });
    expect(thrown[1]).toMatchObject({ status: 0, title: 'The response cannot be read' });
    expect(thrown[2]).toMatchObject({ status: 0, title: 'The server cannot be reached' });
  });

  it('passes numbers on with their digits, both ways', async () => {
    const text = '{"trigger_data":{"id":1234567890123456789,"price":19.90,"list":[1E+2,-0,3]}}';
    const asked = fakeApi({ 'POST /studio/flows/*/execute': () => new Response(text, { status: 201 }) });

    const options = { path: { id: 'f' }, body: parseJson(text) as object, idempotencyKey: 'once' };
    const { data } = await call('POST', '/studio/flows/{id}/execute', options);

    expect(asked[0]?.text).toBe(text);
    expect(writeJson(data)).toBe(text);
  });

  it('returns nothing for an empty response', async () => {
    fakeApi({ 'DELETE /studio/flows/*': () => new Response(null, { status: 204 }) });

    expect((await call('DELETE', '/studio/flows/{id}', { path: { id: 'f' } })).data).toBeUndefined();
  });

  it('passes an abort on unchanged', async () => {
    const under = new AbortController();
    vi.stubGlobal('fetch', ({ signal }: Request) => {
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    });

    const asked = call('GET', '/studio/flows', { signal: under.signal });
    under.abort(new Error('enough'));

    await expect(asked).rejects.toThrow('enough');
  });

  it('accepts only what the API describes', () => {
    const wrong = () => {
      // @ts-expect-error: no such path
      void call('GET', '/studio/flow');
      // @ts-expect-error: not with this method
      void call('DELETE', '/studio/flows');
      // @ts-expect-error: the path requires an id
      void call('GET', '/studio/flows/{id}');
      // @ts-expect-error: no such parameter
      void call('GET', '/studio/flows', { query: { limitt: 1 } });
      // @ts-expect-error: a required parameter
      void call('POST', '/studio/flows/{id}/restore-version', { path: { id: 'f' } });
      // @ts-expect-error: no such field
      void call('POST', '/studio/executions/retry', { body: { filter: { nodee: 'a' } } });
      // @ts-expect-error: a body where none is accepted
      void call('POST', '/studio/executions/{id}/cancel', { path: { id: 'e' }, body: {} });
      // @ts-expect-error: a key where none is accepted
      void call('POST', '/studio/executions/{id}/cancel', { path: { id: 'e' }, idempotencyKey: 'a' });
    };

    expect(wrong).toBeTypeOf('function');
  });
});

it('writes the address of a stream', () => {
  expect(addressOf('/studio/events')).toBe('/api/v1/studio/events');
  expect(addressOf('/studio/events', { query: { flow_id: 'f' } })).toBe('/api/v1/studio/events?flow_id=f');
  expect(addressOf('/studio/executions/{id}/events', { path: { id: 'e' } })).toBe('/api/v1/studio/executions/e/events');
});

it('reads the cursor of the next page', () => {
  expect(nextCursor('</api/v1/studio/flows?limit=1&cursor=abc>; rel="next"')).toBe('abc');
  expect(nextCursor(null)).toBeNull();
  expect(queryString({ a: true, b: [] })).toBe('?a=true');
});
