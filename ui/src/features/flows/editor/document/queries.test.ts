import { describe, expect, it } from 'vitest';
import { fakeApi, problem } from '@/testing/fake-api';
import { Conflict, saveDefinition } from './queries';

const DEFINITION = { nodes: [{ id: 'a', type: 'delay' }], edges: [] };

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
