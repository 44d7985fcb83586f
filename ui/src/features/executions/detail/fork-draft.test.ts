import { expect, it } from 'vitest';
import { jsonText, parseJson, writeJson } from '@/lib/json';
import { type Edit, placesOf, planWith, toBody, valueAt } from './fork-draft';
import { aNode, anExecution } from './samples';

const execution = anExecution({
  trigger_data: { k: 1 },
  node_executions: [
    aNode({ node_id: 'start', node_type: 'trigger', status: 'completed', output_data: { k: 1 } }),
    aNode({ node_id: 'lookup', status: 'completed', output_data: { risk: 82 } }),
    aNode({ node_id: 'ok', node_type: 'approval', status: 'completed', output_data: { decision: 'approved' } }),
    aNode({ node_id: 'score', status: 'completed', output_data: null }),
    aNode({ node_id: 'send', status: 'failed' }),
  ],
});
const plan = {
  node_id: 'score',
  flow_version: 1,
  run: ['score', 'send'],
  reuse: ['start', 'lookup', 'ok'],
  differing: [],
};
const edit = (text: string): Edit => ({ before: null, text });

it('offers the trigger data, what is reused, and the node itself; not what a person decided', () => {
  expect(placesOf(execution, 'score', plan)).toEqual([null, 'lookup', 'score']);
  expect(valueAt(execution, null)).toEqual({ k: 1 });
  expect(valueAt(execution, 'lookup')).toEqual({ risk: 82 });
  expect(valueAt(execution, 'score')).toBeNull();
});

it('sends what was changed, with all its digits, and nothing that is no JSON', () => {
  const edits = new Map([
    [null, edit('{"k": 19.90}')],
    ['__proto__', edit('null')],
  ]);

  const body = toBody('score', 'current', edits);

  expect(writeJson(body)).toBe(
    '{"node_id":"score","flow_version":"current","trigger_data":{"k":19.90},"outputs":{"__proto__":null}}',
  );
  expect(toBody('score', 'same', new Map([['lookup', edit('{')]]))).toBeNull();
  expect(jsonText(parseJson('19.90'))).toBe('19.90');
});

it('plans that a node whose output is given does not run', () => {
  const given = planWith(
    { ...plan, reuse: ['start'], differing: ['lookup', 'ok'] },
    'score',
    new Map([
      ['score', edit('1')],
      ['lookup', edit('2')],
    ]),
  );

  expect(given).toEqual({ run: ['send'], reuse: ['start', 'lookup', 'score'], differing: ['ok'] });
});
