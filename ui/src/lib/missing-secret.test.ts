import { expect, it } from 'vitest';
import { missingSecretIn } from './missing-secret';

it('finds the secret that a warning is about', () => {
  const of = (message: string) => missingSecretIn(message);

  expect(of('there is no secret `KEY_1`, so the node fails unless it is added before')).toBe('KEY_1');
  expect(of('the agent uses the secret `KEY`, which does not exist, so the node fails')).toBe('KEY');
  expect(of('there is no agent 0198…, so the node fails')).toBeNull();
  expect(of('there is no secret `a b`')).toBeNull();
});
