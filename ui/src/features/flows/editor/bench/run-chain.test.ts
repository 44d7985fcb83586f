import { expect, it } from 'vitest';
import type { NodeTest } from '@/api/flows';
import type { FlowDefinition, FlowEdge } from '@/api/types';
import { type ChainKind, chainOf, type Failed, isRetried, type Step } from './chain';
import { runChain } from './run-chain';

const failure = (error_class: Failed['error_class'], status: number | null = null): Failed => ({
  error_class,
  error_message: `It was ${error_class}.`,
  status,
  body: null,
});

const FLOW: FlowDefinition = {
  nodes: [
    { id: 'merge', type: 'merge' },
    { id: 'fetch', type: 'action', retry: { enabled: true, count: 2, initial_interval_seconds: 3 } },
    { id: 'check', type: 'condition', condition: 'fetch.risk > 70' },
    { id: 'ask', type: 'agent' },
    { id: 'log', type: 'action' },
    { id: 'undo', type: 'action' },
  ],
  edges: [
    { from: 'fetch', to: 'check' },
    { from: 'check', to: 'ask', condition: true },
    { from: 'check', to: 'log', condition: false },
    { from: 'ask', to: 'merge' },
    { from: 'log', to: 'merge' },
  ],
};

interface World {
  outputs: Record<string, unknown>;
  failures?: Record<string, Failed[]>;
  pinned?: Record<string, { value: unknown; isByHand: boolean }>;
  why?: Record<string, string>;
  decide?: (edge: FlowEdge) => boolean | Failed;
}

async function ran(target: string, kind: ChainKind, world: World, flow = FLOW) {
  const reports: string[] = [];
  const asked: [string, string[]][] = [];
  const said = (step: Step) => ('attempt' in step ? `${step.at} ${step.attempt}/${step.attempts}` : step.at);
  const waits: number[] = [];
  const chain = chainOf(flow, target, kind, 1);
  await runChain(
    chain,
    flow,
    { retry_on_failure: false, retry_count: 0 },
    {
      test: async (id, skipped) => {
        asked.push([id, [...skipped]]);
        const error = world.failures?.[id]?.shift() ?? null;
        return { success: !error, output: world.outputs[id] ?? {}, error } as unknown as NodeTest;
      },
      decide: async (edge) => world.decide?.(edge) ?? true,
      pinned: async (id) => world.pinned?.[id] ?? null,
      whyNot: ({ id }) => world.why?.[id] ?? null,
      wait: async (until) => void waits.push(Math.round((until - Date.now()) / 1_000)),
      report: (id, step) => void reports.push(`${id} ${said(step)}`),
    },
  );
  return { reports, asked, waits, order: chain.order };
}

it('tests what leads to a node in order, and leaves out what is skipped', async () => {
  const { reports, asked, order } = await ran('merge', 'upTo', { outputs: { check: { condition_result: true } } });

  expect(order).toEqual(['fetch', 'check', 'ask', 'log', 'merge']);
  expect(reports.filter((said) => !said.includes('running'))).toEqual([
    'fetch completed 1/3',
    'check completed 1/1',
    'ask completed 1/1',
    'log skipped',
    'merge completed 1/1',
  ]);
  expect(asked.at(-1)).toEqual(['merge', ['log']]);
});

it('retries as a run would, and stops at the node that fails', async () => {
  const failures = { fetch: [failure('unavailable', 503), failure('connection')], check: [failure('expression')] };

  const { reports, waits } = await ran('merge', 'upTo', { outputs: {}, failures });

  expect(reports).toEqual([
    'fetch running 1/3',
    'fetch retrying 1/3',
    'fetch running 2/3',
    'fetch retrying 2/3',
    'fetch running 3/3',
    'fetch completed 3/3',
    'check running 1/1',
    'check failed 1/1',
  ]);
  expect(waits).toEqual([3, 6]);
});

it('uses what is pinned by hand, and asks for a pin where a node cannot be tested', async () => {
  const byHand = { fetch: { value: { risk: 1 }, isByHand: true } };
  const outputs = { check: { condition_result: true } };

  const first = await ran('merge', 'upTo', { outputs, pinned: byHand, why: { ask: 'A person decides.' } });
  expect(first.reports).toEqual(['fetch pinned', 'check running 1/1', 'check completed 1/1', 'ask failed 1/1']);
  const pinned = { ...byHand, ask: { value: {}, isByHand: false } };
  const then = await ran('merge', 'upTo', { outputs, pinned, why: { ask: 'A person decides.' } });
  expect(then.reports.slice(3)).toEqual(['ask pinned', 'log skipped', 'merge running 1/1', 'merge completed 1/1']);
  // The node that was asked for runs.
  expect((await ran('fetch', 'one', { outputs, pinned: byHand })).reports).toEqual([
    'fetch running 1/1',
    'fetch completed 1/1',
  ]);
});

it('goes on from a node with what is pinned before it', async () => {
  const pinned = { log: { value: 1, isByHand: false }, fetch: { value: {}, isByHand: false } };

  const { reports, order } = await ran('ask', 'from', { outputs: {}, pinned });

  expect(order).toEqual(['ask', 'merge']);
  expect(reports).toEqual(['ask running 1/1', 'ask completed 1/1', 'merge running 1/1', 'merge completed 1/1']);
});

it('asks the server for conditions, and names the edge whose condition fails', async () => {
  const edges = [{ from: 'fetch', to: 'log', condition: 'fetch.risk > 70' }];
  const flow = { ...FLOW, edges };

  expect((await ran('log', 'upTo', { outputs: {}, decide: () => false }, flow)).reports.at(-1)).toBe('log skipped');
  const { reports } = await ran('log', 'upTo', { outputs: {}, decide: () => failure('expression') }, flow);
  expect(reports.at(-1)).toBe('fetch failed 1/1');
});

it('retries what the settings of the node say', () => {
  const node = (retry: unknown) => ({ id: 'a', type: 'action', retry });

  expect(isRetried(node(undefined), failure('timeout'))).toBe(true);
  expect(isRetried(node(undefined), failure('rejected', 404))).toBe(false);
  expect(isRetried(node({ retry_on: [404] }), failure('rejected', 404))).toBe(true);
  expect(isRetried(node({ retry_on: ['timeout'] }), failure('connection'))).toBe(false);
  expect(isRetried(node({ do_not_retry_on: [503] }), failure('unavailable', 503))).toBe(false);
});
