import { render, screen } from '@testing-library/react';
import { expect, it, vi } from 'vitest';
import { addressOf, Marks, useMark } from './marked';

const MARK = { executionId: 'e1', nodeId: 'score & co', attempt: 2 };

function Row({ attempt }: { attempt: number }) {
  return <div {...useMark({ attempt })}>Attempt {attempt}</div>;
}

it('names a part of a node in an address, and scrolls to what the address names', () => {
  const scroll = vi.fn();
  Element.prototype.scrollIntoView = scroll;
  render(
    <Marks value={MARK}>
      <Row attempt={1} />
      <Row attempt={2} />
    </Marks>,
  );

  expect(screen.getByText('Attempt 2').dataset.marked).toBe('true');
  expect(screen.getByText('Attempt 1').dataset.marked).toBeUndefined();
  expect(scroll).toHaveBeenCalledTimes(1);
  expect(addressOf(MARK, { step: 3 })).toContain('/executions/e1?node=score+%26+co&step=3');
});
