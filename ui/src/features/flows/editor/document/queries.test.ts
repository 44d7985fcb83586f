import { describe, expect, it } from 'vitest';
import { fakeApi } from '@/testing/fake-api';
import { Conflict, saveDefinition } from './queries';

const DEFINITION = { nodes: [{ id: 'a', type: 'delay' }], edges: [] };

describe('saving', () => {
  it('sends only the graph when the flow was not saved elsewhere', async () => {
    const asked = fakeApi({
      'GET /studio/flows/*': () => ({ id: 'f', version: 3, flow_definition: DEFINITION }),
      'PATCH /studio/flows/*': () => ({ id: 'f', version: 4, flow_definition: DEFINITION }),
    });

    const flow = await saveDefinition('f', 3, DEFINITION);

    expect(flow.version).toBe(4);
    expect(asked.at(-1)?.body).toEqual({ flow_definition: DEFINITION });
  });

  it('does not overwrite an unknown version', async () => {
    const asked = fakeApi({ 'GET /studio/flows/*': () => ({ id: 'f', version: 5, flow_definition: DEFINITION }) });

    await expect(saveDefinition('f', 3, DEFINITION)).rejects.toBeInstanceOf(Conflict);
    expect(asked.map(({ method }) => method)).toEqual(['GET']);
  });
});
