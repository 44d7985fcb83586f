// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Flow } from '@/api/types';
import { type Asked, fakeApi, problem } from '@/testing/fake-api';
import { updateNode } from './commands';
import { createDraftStore } from './draft-store';
import { watchFaults } from './watch-faults';

const FLOW = {
  id: 'f',
  version: 1,
  flow_definition: { nodes: [{ id: 'a', type: 'delay' }], edges: [] },
} as unknown as Flow;
const SETTINGS = { name: 'Flow', retry_on_failure: false, retry_count: 0, timeout_seconds: null };
const FAULT = { pointer: '/flow_definition/nodes/0/delay_seconds', message: 'needs seconds' };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('checks once after the typing stops and places the faults', async () => {
  const asked: Asked[] = fakeApi({
    'POST /studio/flows/validate': () => ({ valid: false, errors: [FAULT], warnings: [] }),
  });
  const store = createDraftStore(FLOW);
  const stop = watchFaults(store, SETTINGS);
  await vi.advanceTimersByTimeAsync(0);

  for (const name of ['A', 'Ab', 'Abc']) store.getState().apply(updateNode('a', { name }));
  await vi.advanceTimersByTimeAsync(1_000);

  expect(asked).toHaveLength(2);
  expect(store.getState()).toMatchObject({
    checking: 'checked',
    faults: [{ target: { kind: 'node', id: 'a' }, field: ['delay_seconds'], message: 'needs seconds' }],
  });
  expect(store.getState().canvas.nodes[0]?.data.faults).toBe(1);
  stop();
});

it('reports that the server could not check, and keeps the known faults', async () => {
  let isUp = true;
  fakeApi({
    'POST /studio/flows/validate': () =>
      isUp ? { valid: false, errors: [FAULT], warnings: [] } : problem(503, 'overloaded', 'Try later.'),
  });
  const store = createDraftStore(FLOW);
  const stop = watchFaults(store, SETTINGS);
  await vi.advanceTimersByTimeAsync(0);

  isUp = false;
  store.getState().apply(updateNode('a', { name: 'A' }));
  await vi.advanceTimersByTimeAsync(1_000);

  expect(store.getState().checking).toBe('unreachable');
  expect(store.getState().faults).toHaveLength(1);
  stop();
});

it('places warnings, which do not count as problems', async () => {
  const warning = { pointer: '/flow_definition/nodes/0/agenticConfig', message: 'nothing reads it' };
  fakeApi({ 'POST /studio/flows/validate': () => ({ valid: true, errors: [], warnings: [warning] }) });
  const store = createDraftStore(FLOW);

  const stop = watchFaults(store, SETTINGS);
  await vi.advanceTimersByTimeAsync(0);

  const { faults, warnings, canvas } = store.getState();
  expect(faults).toEqual([]);
  expect(warnings).toEqual([
    { inside: [], target: { kind: 'node', id: 'a' }, field: ['agenticConfig'], message: 'nothing reads it' },
  ]);
  expect(canvas.nodes[0]?.data).toMatchObject({ faults: 0, warnings: 1 });
  expect(canvas.nodes[0]?.ariaLabel).toBe('a, delay, 1 warning');
  stop();
});
