import { expect, it } from 'vitest';
import { shapeOf, shapeOfSchema } from './shape';
import { namesOf, withValues } from './value-names';

it('names what a value has, with samples', () => {
  const value = { status: 200, body: { rows: [{ 'risk level': 82 }], vendor: 'ACME' } };
  const names = namesOf({ base: 'fetch', detail: 'output of Fetch', shape: shapeOf(value), value: { value } });

  expect(names.map(({ name, detail }) => `${name} = ${detail}`)).toEqual([
    'fetch = output of Fetch',
    'fetch.status = 200',
    'fetch.body = { rows: list of { risk level: number }, … }',
    'fetch.body.rows = list of { risk level: number }',
    'fetch.body.vendor = "ACME"',
    'fetch.body.rows[0]["risk level"] = 82',
  ]);
});

it('names what a schema has, with its descriptions, and each name once', () => {
  const shape = shapeOfSchema({ type: 'object', properties: { risk: { type: 'number', description: 'From 0.' } } });
  const source = { base: 'score', detail: 'output', shape, value: null };
  const known = ['score', 'score.risk', 'attempt'].map((name) => ({ name, detail: 'known' }));

  expect(withValues([source], known)).toEqual([
    { name: 'score', detail: 'output' },
    { name: 'score.risk', detail: 'number', doc: 'From 0.' },
    { name: 'attempt', detail: 'known' },
  ]);
});
