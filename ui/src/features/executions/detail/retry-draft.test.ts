import { expect, it } from 'vitest';
import { retryBody, retryPlaces } from './retry-draft';
import { aNode, anExecution } from './samples';

const execution = anExecution({
  node_executions: [
    aNode({ node_id: 'start', node_type: 'trigger', status: 'completed' }),
    aNode({ node_id: 'a', status: 'completed' }),
    aNode({ node_id: 'b', status: 'failed' }),
  ],
});

it('offers the trigger data and what is reused, and sends what differs from a plain retry', () => {
  const places = retryPlaces(execution, { reuse: ['start', 'a'] });
  const edits = new Map([
    [null, { before: {}, text: '{"n": 1}' }],
    ['a', { before: 1, text: '2' }],
  ]);

  expect(places).toEqual([null, 'a']);
  expect(retryBody('from_failed', 'same', new Map(), places)).toEqual({ mode: 'from_failed' });
  expect(retryBody('from_failed', 'current', edits, places)).toEqual({
    mode: 'from_failed',
    flow_version: 'current',
    trigger_data: { n: 1 },
    outputs: { a: 2 },
  });
  // From the start, nothing is reused.
  expect(retryBody('from_start', 'current', edits, [null])).toEqual({ mode: 'from_start', trigger_data: { n: 1 } });
  expect(retryBody('from_failed', 'same', new Map([['a', { before: 1, text: '{' }]]), places)).toBeNull();
});
