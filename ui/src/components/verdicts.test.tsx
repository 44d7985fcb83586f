import { MantineProvider } from '@mantine/core';
import { render, screen } from '@testing-library/react';
import { expect, it } from 'vitest';
import { Verdicts } from './verdicts';

const verdict = { guardrail: 'fair', on: 'output', tool: null, follows: 'repair', reason: null, error_message: null };

it('shows what judges said, what would follow, and why one said nothing', () => {
  render(
    <MantineProvider env="test">
      <Verdicts
        verdicts={[
          { ...verdict, passed: false, reason: '<b>rude</b>\u202e' },
          { ...verdict, passed: true, reason: 'It is kind.' },
          { ...verdict, on: 'arguments', tool: 'look', passed: null, error_message: 'HTTP 500' },
        ]}
      />
    </MantineProvider>,
  );

  expect(screen.getAllByRole('listitem').map((item) => item.textContent)).toEqual([
    'fair on the output: not passed<b>rude</b>\\u202eIf it is refused, the model is told and corrects itself.',
    'fair on the output: passedIt is kind.',
    'fair on the arguments of look: no verdictHTTP 500',
  ]);
});
