import { expect, test } from 'vitest';
import { tourOf } from '@/lib/tour';
import { progressOf } from './progress';

const row = (id: string, status: string, retry_of: string | null = null) => ({ id, status, retry_of }) as never;

test('the tour follows what happens to its flow, and ends when a retry has completed', () => {
  expect(progressOf('', [])).toEqual({ step: 1 });
  expect(progressOf('f', [])).toEqual({ step: 2, isRunning: false });
  expect(progressOf('f', [row('a', 'running')])).toEqual({ step: 2, isRunning: true });
  expect(progressOf('f', [row('a', 'failed')])).toEqual({ step: 3, failed: 'a', isRunning: false });
  expect(progressOf('f', [row('b', 'running', 'a'), row('a', 'failed')])).toMatchObject({ step: 3, isRunning: true });
  expect(progressOf('f', [row('b', 'failed', 'a'), row('a', 'failed')])).toMatchObject({ step: 3, failed: 'b' });
  expect(progressOf('f', [row('b', 'completed', 'a'), row('a', 'failed')])).toEqual({ step: 'done' });
});

test('the browser remembers whether the tour was begun, and where, or is over', () => {
  expect(tourOf(null)).toBe('new');
  expect(tourOf('over')).toBe('over');
  expect(tourOf('flow:')).toEqual({ flow: '' });
  expect(tourOf('flow:0190')).toEqual({ flow: '0190' });
});
