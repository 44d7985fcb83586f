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

it('shows an image small, other bytes by their type and size, and neither as text', async () => {
  const bytes = (type: string | null, filename?: string) => ({
    $binary: { content_type: type, size: 8, base64: 'iVBORw0KGgo=', ...(filename && { filename }) },
  });
  const value = [bytes('image/png'), bytes('application/pdf', 'offer.pdf'), bytes('image/svg+xml'), bytes(null)];
  const { container } = await renderScreen(<JsonView value={value} fileName="a.json" />);

  expect([...container.querySelectorAll('img')].map((image) => image.getAttribute('src'))).toEqual([
    'data:image/png;base64,iVBORw0KGgo=',
  ]);
  for (const text of [
    'image/png · 8 B',
    'offer.pdf · application/pdf · 8 B',
    'image/svg+xml · 8 B',
    'Unknown type · 8 B',
  ]) {
    expect(screen.getByText(text)).toBeTruthy();
  }
  expect(screen.queryByText(/iVBOR/)).toBeNull();
});
