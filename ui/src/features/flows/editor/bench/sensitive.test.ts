import { expect, it } from 'vitest';
import { readsOf } from '../document/reads';
import { hidden } from './sensitive';

const isHidden = (expression: string, sensitive: Parameters<typeof hidden>[0]) =>
  hidden(sensitive, readsOf(expression, new Set(['fetch'])));

it('hides what is sensitive, what is inside of it, and what contains it', () => {
  const fields = { fields: ['trigger_data.customer.iban', 'fetch.body.rows.name'] };

  expect(isHidden('trigger_data.customer.iban', fields)).toBe(true);
  expect(isHidden('trigger_data.customer.iban.part', fields)).toBe(true);
  expect(isHidden('trigger_data.customer', fields)).toBe(true);
  expect(isHidden('fetch.body.rows[0].name', fields)).toBe(true);
  expect(isHidden('trigger_data.customer.city', fields)).toBe(false);
  expect(isHidden('trigger_data.customer.iban', null)).toBe(false);
  expect(isHidden('fetch.status', { patterns: ['email'] })).toBe(true);
});
