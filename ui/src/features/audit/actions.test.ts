import { expect, it } from 'vitest';
import { ACTION_OPTIONS, actionText } from './actions';

it('names actions with the words of the studio', () => {
  expect(actionText('put_secret')).toBe('Set secret');
  expect(actionText('change_flow')).toBe('Change flow');
  expect(actionText('constructor')).toBe('Constructor');
  expect(ACTION_OPTIONS[0]).toEqual({ value: 'create_flow', label: 'Create flow' });
});
