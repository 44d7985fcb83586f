import { expect, test } from 'vitest';
import type { ErrorClass } from '@/api/types';
import { advisedMode } from './advised-mode';
import { aNode, anExecution } from './samples';
import { texts } from './texts';

const done = aNode({ node_id: 'prepare', status: 'completed' });
const failedWith = (error_class: ErrorClass | null, nodes = [done]) =>
  anExecution({ status: 'failed', error_class, node_executions: nodes });

test('the dialog starts with what the banner advises', () => {
  for (const [name, advice] of Object.entries(texts.advice)) {
    const mode = advisedMode(failedWith(name as ErrorClass, []));
    if (advice.includes('from the failed node')) expect(mode, name).toBe('from_failed');
    if (/from the start/.test(advice)) expect(mode, name).toBe('from_start');
  }
  expect(advisedMode(failedWith('expression'))).toBe('from_start');
  expect(advisedMode(failedWith('unavailable', []))).toBe('from_failed');
});

test('without advice it reuses what completed', () => {
  expect(advisedMode(failedWith('timeout'))).toBe('from_failed');
  expect(advisedMode(failedWith('timeout', []))).toBe('from_start');
  expect(advisedMode({ ...failedWith('unavailable', []), status: 'cancelled' })).toBe('from_start');
});

test('what a person rejected is asked again, and not corrected first', () => {
  const asked = aNode({ node_id: 'ok', node_type: 'approval', status: 'failed' });
  for (const error_class of ['rejected', 'timeout'] as const) {
    expect(advisedMode({ ...failedWith(error_class, [asked]), current_node_id: 'ok' })).toBe('from_failed');
  }
  expect(advisedMode({ ...failedWith('rejected', [asked]), current_node_id: 'other' })).toBe('from_start');
});
