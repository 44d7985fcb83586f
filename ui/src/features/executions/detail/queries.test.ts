import { QueryClient } from '@tanstack/react-query';
import { expect, it } from 'vitest';
import type { Execution } from '@/api/types';
import { parseJson, writeJson } from '@/lib/json';
import { INHERITED_NAMES } from '@/testing/names';
import { executionQuery } from './queries';
import { aNode, anExecution } from './samples';

/** Returns the cached execution after these responses, one after the other. */
function after(...answers: Execution[]): Execution | undefined {
  const queries = new QueryClient();
  const { queryKey, structuralSharing } = executionQuery('x');
  queries.setQueryDefaults(queryKey, { structuralSharing: structuralSharing as never });
  for (const answer of answers) queries.setQueryData(queryKey, answer);
  return queries.getQueryData(queryKey);
}

it('keeps a known retry until the server lists it', () => {
  const known = anExecution({ status: 'failed', retried_by: ['new'] });

  expect(after(known, anExecution({ status: 'failed' }))?.retried_by).toEqual(['new']);
  expect(after(known, anExecution({ status: 'failed', retried_by: ['other', 'new'] }))?.retried_by).toEqual([
    'other',
    'new',
  ]);
});

it('drops a response that is older than the events', () => {
  const known = anExecution({ seq: 5, status: 'failed' });

  expect(after(known, anExecution({ seq: 4 }))).toBe(known);
});

it.each(INHERITED_NAMES)('keeps the key %s of an output that changes', (name) => {
  const output = (step: number) => parseJson(`{"step":${step},"${name}":{"price":19.90}}`);
  const answer = (step: number) => anExecution({ node_executions: [aNode({ output_data: output(step) })] });

  expect(writeJson(after(answer(1), answer(2))?.node_executions[0]?.output_data)).toBe(writeJson(output(2)));
});
