// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of flows.
import { expect, it } from 'vitest';
import type { FlowDefinition } from '@/api/types';
import { doubtOf, expressionsIn, maySkip, readsOf } from './reads';
import { shapeOf, shapeOfSchema } from './shape';

const IDS = new Set(['score', 'fetch-data', 'level']);
const read = (expression: string) => readsOf(expression, IDS).map(({ node, keys }) => [node, ...keys].join('/'));

it('finds what an expression reads, and leaves out what is guarded', () => {
  expect(read('score.risk > 70 and level.name != "score.x"')).toEqual(['score/risk', 'level/name']);
  expect(read('nodes["fetch-data"].output.items[0]["a b"]')).toEqual(['fetch-data/items/0/a b']);
  expect(read('score.output.risk + trigger_data.vendor.id')).toEqual(['score/risk', '/vendor/id']);
  expect(read("score.risk | default(0) ~ 'level' | upper")).toEqual([]);
  expect(read('score.risk if score.risk is defined else 0')).toEqual([]);
  expect(read('other.score.risk + now()')).toEqual([]);
  expect(expressionsIn('a ${b} $${c} ${d}', false)).toEqual(['b', 'd']);
});

const FORK: FlowDefinition = {
  nodes: ['start', 'check', 'yes', 'no', 'join', 'side'].map((id) => ({ id, type: 'action' })),
  edges: [
    { from: 'start', to: 'check' },
    { from: 'start', to: 'side' },
    { from: 'check', to: 'yes', condition: true },
    { from: 'check', to: 'no', condition: false },
    { from: 'yes', to: 'join' },
    { from: 'no', to: 'join' },
    { from: 'side', to: 'join' },
  ],
};

it('knows what a branch may skip', () => {
  expect(maySkip(FORK, 'yes', 'join')).toBe(true);
  expect(maySkip(FORK, 'check', 'join')).toBe(false);
  expect(maySkip(FORK, 'side', 'join')).toBe(false);
  const straight = { ...FORK, edges: FORK.edges.filter(({ from }) => from !== 'side' && from !== 'no') };
  expect(maySkip(straight, 'yes', 'join')).toBe(false);
});

it('doubts what is absent in a value and optional in a schema', () => {
  const [risk] = readsOf('score.risk', IDS);
  if (!risk) throw new Error('It reads something.');
  const doubt = (source: Parameters<typeof doubtOf>[3]) => doubtOf(risk, 'join', FORK, source)?.kind ?? null;

  expect(doubt({ shape: shapeOf({ risk: 1 }), hasValue: true })).toBeNull();
  expect(doubt({ shape: shapeOf({ riks: 1 }), hasValue: true })).toBe('absent');
  expect(doubt({ shape: shapeOfSchema({ type: 'object', properties: { risk: {} } }), hasValue: false })).toBe(
    'optional',
  );
  expect(doubt({ shape: { type: 'any' }, hasValue: false })).toBeNull();
  expect(doubt(undefined)).toBeNull();
});
