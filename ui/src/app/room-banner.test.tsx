import { screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { fakeApi } from '@/testing/fake-api';
import { renderScreen } from '@/testing/render';
import { RoomBanner } from './room-banner';

test.each([
  ['low', 'The database has little room left.'],
  ['reserved', 'The database is full.'],
])('says that room is %s, and what to do', async (room, title) => {
  fakeApi({ 'GET /healthz': () => ({ status: 'ok', room }) });

  await renderScreen(<RoomBanner />);

  const banner = await screen.findByRole('status');
  expect(banner.textContent).toContain(title);
  expect(banner.textContent).toContain('database_max_mib');
});

test('says nothing while there is enough room', async () => {
  let asked = 0;
  fakeApi({
    'GET /healthz': () => {
      asked += 1;
      return { status: 'ok', room: 'enough' };
    },
  });

  const { queries } = await renderScreen(<RoomBanner />);

  await expect.poll(() => queries.getQueryData(['health'])).toMatchObject({ room: 'enough' });
  expect([asked, screen.queryByRole('status')]).toEqual([1, null]);
});
