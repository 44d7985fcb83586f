import { act } from '@testing-library/react';
import { afterEach, expect, it, vi } from 'vitest';
import { rememberStarted, startedHere } from '@/lib/started';
import { fakeApi } from '@/testing/fake-api';
import { renderScreen } from '@/testing/render';
import { Notifier } from './notifier';

afterEach(() => {
  vi.restoreAllMocks();
  localStorage.clear();
});

it('notifies of what waits and of own failures, together and only in the background', async () => {
  const shown: string[] = [];
  vi.stubGlobal(
    'Notification',
    class {
      constructor(text: string) {
        shown.push(text);
      }
    },
  );
  vi.spyOn(document, 'hidden', 'get').mockReturnValue(true);
  rememberStarted('mine-1');
  rememberStarted('mine-2');
  let waiting = 0;
  const rows = (count: number) => Array.from({ length: count }, (_, at) => ({ id: `waits-${at}`, status: 'running' }));
  fakeApi({
    'GET /studio/executions': ({ query }) => {
      if (query.get('status') === 'failed')
        return ['mine-1', 'mine-2', 'other'].map((id) => ({ id, status: 'failed', flow_name: 'Review' }));
      return query.get('waiting_for') === 'decision' ? rows(waiting) : [];
    },
  });

  const { queries } = await renderScreen(<Notifier />);
  await expect.poll(() => shown).toEqual(['2 runs that you started have failed']);
  expect(startedHere()).toEqual([]);
  waiting = 3;
  await act(() => queries.invalidateQueries({ queryKey: ['executions', 'waiting'] }));

  await expect.poll(() => shown.at(-1)).toBe('3 runs wait for a decision');
});
