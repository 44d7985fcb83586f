import { describe, expect, it } from 'vitest';
import { fakeApi, problem } from '@/testing/fake-api';
import { Conflict, findFaults, saveDefinition } from './queries';

const DEFINITION = { nodes: [{ id: 'a', type: 'delay' }], edges: [] };

describe('checking', () => {
  const find = () => findFaults('Flow', DEFINITION, new AbortController().signal);

  it('finds a fault in what the server cannot read', async () => {
    fakeApi({ 'POST /studio/flows/validate': () => problem(400, 'invalid-json', 'number out of range') });

    expect(await find()).toEqual([{ pointer: '', detail: 'number out of range' }]);
  });

  it('fails when the server does', async () => {
    fakeApi({ 'POST /studio/flows/validate': () => problem(503, 'overloaded', 'Try again.') });

    await expect(find()).rejects.toMatchObject({ status: 503 });
  });
});

describe('saving', () => {
  it('sends only the graph, and what it was made to', async () => {
    const asked = fakeApi({
      'PATCH /studio/flows/*': () => ({ id: 'f', version: 4, flow_definition: DEFINITION }),
    });

    const flow = await saveDefinition('f', '"3-draft"', DEFINITION);

    expect(flow.version).toBe(4);
    expect(asked.map(({ method }) => method)).toEqual(['PATCH']);
    expect(asked[0]?.body).toEqual({ flow_definition: DEFINITION });
    expect(asked[0]?.headers.get('If-Match')).toBe('"3-draft"');
  });

  it('does not overwrite what was saved elsewhere', async () => {
    fakeApi({
      'GET /studio/flows/*': () => ({ id: 'f', version: 5, flow_definition: DEFINITION }),
      'PATCH /studio/flows/*': () => problem(412, 'version-conflict', 'The current version is 5.'),
    });

    const saving = saveDefinition('f', '"3-draft"', DEFINITION);

    await expect(saving).rejects.toBeInstanceOf(Conflict);
    await expect(saving).rejects.toMatchObject({ flow: { version: 5 } });
  });
});
