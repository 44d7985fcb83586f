import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';
import { renderScreen } from '@/testing/render';
import { JsonView } from './json-view';

it('shows markup as text', async () => {
  const { container } = await renderScreen(
    <JsonView value={{ html: '<img src=x onerror=alert(1)>' }} fileName="a.json" />,
  );

  expect(screen.getByText(/<img src=x/)).toBeTruthy();
  expect(container.querySelector('img')).toBeNull();
});

it('renders part of a long list, and more on request', async () => {
  const user = userEvent.setup();
  await renderScreen(<JsonView value={Array.from({ length: 450 }, (_, at) => at)} fileName="a.json" />);

  expect(screen.queryByText('120')).toBeNull();
  await user.click(screen.getByRole('button', { name: '350 more…' }));

  expect(screen.getByText('449')).toBeTruthy();
});

it('truncates a long text and collapses deep levels', async () => {
  const user = userEvent.setup();
  await renderScreen(<JsonView value={{ text: 'x'.repeat(9_000), deep: { key: 'inside' } }} fileName="a.json" />);

  expect(screen.queryByText(/inside/)).toBeNull();
  await user.click(screen.getByRole('button', { name: /deep/ }));

  expect(screen.getByText(/inside/)).toBeTruthy();
  expect(screen.getByRole('button', { name: '8700 more…' })).toBeTruthy();
});
