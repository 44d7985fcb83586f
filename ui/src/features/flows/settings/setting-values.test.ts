import { describe, expect, test } from 'vitest';
import { aFlow } from '@/testing/a-flow';
import { placeFaults } from './place-faults';
import { collisions, differences, faultsIn, patchOf, rebase, type SettingValues, valuesOf } from './setting-values';

const flow = aFlow({
  id: '01900000-0000-7000-8000-000000000001',
  version: 3,
  tags: ['vendors'],
  retry_on_failure: true,
  retry_count: 3,
  timeout_seconds: 600,
  flow_definition: { nodes: [], edges: [] },
});
const base = valuesOf(flow);
const changed = (change: Partial<SettingValues>): SettingValues => ({ ...base, ...change });

describe('settings', () => {
  test('send only changes, and null for cleared fields', () => {
    const mine = changed({ timeout_seconds: '', retry_count: 5, name: 'Vendor review ' });

    expect(patchOf(mine, differences(base, mine))).toEqual({ timeout_seconds: null, retry_count: 5 });
  });

  test('send the budget as a whole, and null where nothing is limited', () => {
    const mine = changed({ max_cost: 2.5, currency: 'EUR' });

    expect(patchOf(mine, differences(base, mine))).toEqual({ budget: { max_cost: 2.5, currency: 'EUR' } });
    expect(patchOf(base, differences(mine, base))).toEqual({ budget: null });
    expect(Object.keys(faultsIn(changed({ max_tokens: 0, currency: 'EUR' })))).toEqual(['max_tokens', 'currency']);
    const { fields } = placeFaults([{ pointer: '/budget/currency', detail: '`currency` must be three letters' }], base);
    expect(fields).toEqual({ currency: 'Must be three letters.' });
  });

  test('conflict only where both sides changed a key to different values', () => {
    const mine = changed({ retry_count: 5, tags: ['a'], description: 'Same' });
    const theirs = changed({ retry_count: 7, timeout_seconds: 60, description: 'Same' });

    expect(collisions(base, mine, theirs)).toEqual(['retry_count']);
  });

  test('merge with changes from elsewhere that do not conflict', () => {
    const mine = changed({ retry_count: 5, name: 'Mine' });
    const theirs = changed({ retry_count: 7, timeout_seconds: 60 });

    expect(rebase(base, mine, theirs)).toEqual({ ...theirs, retry_count: 5, name: 'Mine' });
    expect(rebase(base, mine, theirs, ['retry_count'])).toEqual({ ...theirs, name: 'Mine' });
  });

  test('need a name and a timeout above zero', () => {
    const faults = faultsIn(changed({ name: ' ', timeout_seconds: 0 }));

    expect(Object.keys(faults)).toEqual(['name', 'timeout_seconds']);
  });

  test('show faults of the server at the fields that their pointers name', () => {
    const { fields, rest } = placeFaults(
      [
        { pointer: '/retry_count', detail: '`retry_count` must be a whole number from 0 to 10, not 99' },
        { pointer: '/tags/0', detail: 'a tag must be a string, not 3' },
        { pointer: '/flow_definition/nodes/0', detail: 'there is no node' },
      ],
      base,
    );

    expect(fields).toEqual({
      retry_count: 'Must be a whole number from 0 to 10, not 99.',
      tags: 'A tag must be a string, not 3.',
    });
    expect(rest).toHaveLength(1);
  });
});
