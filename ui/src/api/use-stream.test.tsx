import { act, renderHook } from '@testing-library/react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { saveApiKey } from './credentials';
import { useStream } from './use-stream';

interface Opened {
  headers: Record<string, string>;
  signal: AbortSignal;
}

/** Every connection that is opened; none ever answers. */
let opened: Opened[];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  opened = [];
  vi.stubGlobal('fetch', (_: string, init: RequestInit) => {
    opened.push({ headers: init.headers as Record<string, string>, signal: init.signal as AbortSignal });
    return new Promise(() => undefined);
  });
});

afterEach(() => {
  vi.useRealTimers();
});

function turn(state: DocumentVisibilityState) {
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(state);
  act(() => void document.dispatchEvent(new Event('visibilitychange')));
}

it('closes the stream of a tab that is hidden for 30 seconds, and resumes after the last known event', () => {
  saveApiKey('k');
  const { rerender } = renderHook(({ seen }) => useStream('/events', () => undefined, seen), {
    initialProps: { seen: 1 },
  });

  turn('hidden');
  vi.advanceTimersByTime(29_000);
  expect(opened.map(({ signal }) => signal.aborted)).toEqual([false]);
  vi.advanceTimersByTime(1_000);
  expect(opened.map(({ signal }) => signal.aborted)).toEqual([true]);
  rerender({ seen: 5 });
  turn('visible');

  expect(opened[1]?.signal.aborted).toBe(false);
  expect(opened[1]?.headers).toMatchObject({ Authorization: 'Bearer k', 'Last-Event-ID': '5' });
});

it('keeps the stream of a tab that is hidden for a moment', () => {
  renderHook(() => useStream('/events', () => undefined));

  turn('hidden');
  vi.advanceTimersByTime(20_000);
  turn('visible');
  vi.advanceTimersByTime(20_000);

  expect(opened).toHaveLength(1);
  expect(opened[0]?.signal.aborted).toBe(false);
});

it('closes the stream with its component', () => {
  const { unmount } = renderHook(() => useStream('/events', () => undefined));

  unmount();

  expect(opened[0]?.signal.aborted).toBe(true);
});
