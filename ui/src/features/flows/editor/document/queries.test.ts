// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest';
import { fakeApi, problem } from '@/testing/fake-api';
import { Conflict, checkDefinition, saveDefinition } from './queries';

const SETTINGS = { name: 'Flow', retry_on_failure: true, retry_count: 0, timeout_seconds: null };
const DEFINITION = { nodes: [{ id: 'a', type: 'delay' }], edges: [] };

describe('checking', () => {
  const check = () => checkDefinition(SETTINGS, DEFINITION, new AbortController().signal);

  it('finds a fault in what the server cannot read', async () => {
    fakeApi({ 'POST /studio/flows/validate': () => problem(400, 'invalid-json', 'number out of range') });

    expect(await check()).toEqual({ faults: [{ pointer: '', detail: 'number out of range' }], warnings: [] });
  });

  it('sends the settings that warnings depend on', async () => {
    const warning = { pointer: '/retry_count', message: 'nothing is retried' };
    const asked = fakeApi({
      'POST /studio/flows/validate': () => ({ valid: true, errors: [], warnings: [warning] }),
    });

    expect(await check()).toEqual({
      faults: [],
      warnings: [{ pointer: '/retry_count', detail: 'nothing is retried' }],
    });
    expect(asked[0]?.body).toEqual({ ...SETTINGS, flow_definition: DEFINITION });
  });

  it('fails when the server does', async () => {
    fakeApi({ 'POST /studio/flows/validate': () => problem(503, 'overloaded', 'Try again.') });

    await expect(check()).rejects.toMatchObject({ status: 503 });
  });
});

describe('saving', () => {
  it('sends only the graph, and what it was made to', async () => {
    const asked = fakeApi({
      'PATCH /studio/flows/*': () => ({ id: 'f', version: 4, flow_definition: DEFINITION }),
    });

    const flow = await saveDefinition('f', '"3-draft"', DEFINITION, { endsDraft: 7 });

    expect(flow.version).toBe(4);
    expect(asked.map(({ method }) => method)).toEqual(['PATCH']);
    expect(asked[0]?.body).toEqual({ flow_definition: DEFINITION });
    expect(asked[0]?.headers.get('If-Match')).toBe('"3-draft"');
    expect(asked[0]?.query.get('ends_draft')).toBe('7');
  });

  it('does not overwrite what was saved elsewhere', async () => {
    fakeApi({
      'GET /studio/flows/*': () => ({ id: 'f', version: 5, flow_definition: DEFINITION }),
      'PATCH /studio/flows/*': () => problem(412, 'version-conflict', 'The current version is 5.'),
    });

    const saving = saveDefinition('f', '"3-draft"', DEFINITION, {});

    await expect(saving).rejects.toBeInstanceOf(Conflict);
    await expect(saving).rejects.toMatchObject({ flow: { version: 5 } });
  });
});
