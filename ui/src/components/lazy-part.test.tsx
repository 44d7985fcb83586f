import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { render, screen } from '@testing-library/react';
import { expect, it, vi } from 'vitest';
import { lazyPart } from './lazy-part';

const Dialog = ({ name }: { name: string; onClose: () => void }) => <p>Dialog of {name}</p>;

it('is loaded when it is first shown; where that fails it closes, says so, and is tried again', async () => {
  const load = vi.fn(async () => Dialog).mockRejectedValueOnce(new TypeError('Failed to fetch'));
  const Part = lazyPart(load);
  const close = vi.fn();
  const page = (isOpen: boolean) => (
    <MantineProvider env="test">
      <Notifications />
      {isOpen && <Part name="Ann" onClose={close} />}
    </MantineProvider>
  );
  const { rerender } = render(page(true));

  expect(await screen.findByText(/could not be loaded/)).toBeTruthy();
  expect(close).toHaveBeenCalledOnce();
  rerender(page(false));
  rerender(page(true));

  expect(await screen.findByText('Dialog of Ann')).toBeTruthy();
  rerender(page(false));
  rerender(page(true));
  expect(screen.getByText('Dialog of Ann')).toBeTruthy();
  expect(load).toHaveBeenCalledTimes(2);
});
