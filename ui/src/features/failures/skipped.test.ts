import { expect, test } from 'vitest';
import { reasonsOf } from './skipped';

test('reasons are counted, the most frequent first', () => {
  const item = (skipped: string | null) => ({ execution_id: 'x', new_execution_id: null, skipped });
  const items = [item('It was retried.'), item(null), item('The flow is archived.'), item('It was retried.')];

  const reasons = reasonsOf({ dry_run: true, matched: 4, retried: 1, skipped: 3, items });

  expect(reasons).toEqual([
    { reason: 'It was retried.', count: 2 },
    { reason: 'The flow is archived.', count: 1 },
  ]);
});
