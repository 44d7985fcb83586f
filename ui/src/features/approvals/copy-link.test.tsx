import { screen } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { expect, it } from 'vitest';
import { fakeApi } from '@/testing/fake-api';
import { renderScreen } from '@/testing/render';
import { CopyLink } from './copy-link';

const MADE = { url: 'https://flows.example/decide/AQ', expires_at: '2027-01-22T08:00:00.000000Z' };

it('says that a name is too long by its bytes, before it is sent', async () => {
  const calls = fakeApi({ 'POST /studio/approvals/*/links': () => MADE });
  await renderScreen(<CopyLink id="e:ok:approval:1" />);
  await userEvent.click(screen.getByRole('button', { name: 'Copy link' }));
  const name = await screen.findByRole('textbox', { name: /For whom/ });

  await userEvent.click(name);
  await userEvent.paste('é'.repeat(31));
  await userEvent.keyboard('{Enter}');

  expect(screen.getByText(/at most 60 bytes/)).toBeDefined();
  expect(calls).toEqual([]);
  await userEvent.keyboard('{Backspace}{Enter}');
  expect(await screen.findByLabelText('Link to decide with')).toBeDefined();
  expect(calls.map(({ body }) => body)).toEqual([{ for: 'é'.repeat(30) }]);
});
