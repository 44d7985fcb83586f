import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { expect, it, vi } from 'vitest';
import { parseJson, writeJson } from '@/lib/json';
import { renderScreen } from '@/testing/render';
import { ExactNumberInput } from './exact-number-input';

interface FieldProps {
  start: string;
  onChange: (text: string) => void;
}

function Field({ start, onChange }: FieldProps) {
  const [value, setValue] = useState<unknown>(() => parseJson(start));
  const change = (next: unknown) => {
    setValue(next);
    onChange(writeJson(next));
  };
  return <ExactNumberInput label="Amount" value={value} onChange={change} />;
}

async function renderInput(start: string) {
  const user = userEvent.setup();
  const change = vi.fn();
  await renderScreen(<Field start={start} onChange={change} />);
  const input = screen.getByLabelText<HTMLInputElement>('Amount');
  return { user, input, change };
}

it.each(['19.90', '1234567890123456789', '0.10', '12', '-0.50', '100000000000000000000000.00'])(
  'shows %s and keeps it when it is left',
  async (text) => {
    const { user, input, change } = await renderInput(text);

    await user.click(input);
    await user.tab();

    expect(input.value).toBe(text);
    expect(change).not.toHaveBeenCalled();
  },
);

it.each(['19.90', '1234567890123456789', '1.0', '1.50', '0.05', '-3', '12'])('is %s as it was typed', async (text) => {
  const { user, input, change } = await renderInput('7');

  await user.clear(input);
  await user.type(input, text);
  await user.tab();

  expect(input.value).toBe(text);
  expect(change).toHaveBeenLastCalledWith(text);
});

it('has no value while it is empty', async () => {
  const { user, input, change } = await renderInput('7.00');

  await user.clear(input);

  expect(input.value).toBe('');
  expect(change).toHaveBeenLastCalledWith('null');
});
