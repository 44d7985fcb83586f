/** Retry settings as a sentence. */

import type { RetryForecast } from '@/api/retry-forecast';
import { formatDuration } from '@/lib/time';

/** Longer lists of backoffs are shortened in the middle. */
const WAITS_MAX = 5;

/** Reads as `1 s`, `0.5 s`, `1 min 04 s`, and as `5 min` where there are whole minutes. */
export function formatWait(seconds: number): string {
  if (seconds < 60) return `${Number(seconds.toFixed(2))} s`;
  return formatDuration(seconds * 1_000).replace(/ 0+ (?:s|min|h)$/, '');
}

/** Reads as `up to 4 attempts; backoffs 1 s, 2 s, 4 s; fails after about 7 s`. */
export function retrySentence({ attempts, waits, totalWait }: RetryForecast): string {
  if (attempts === 1) return 'one attempt, no retries';
  const parts = [`up to ${attempts} attempts`, `backoffs ${listWaits(waits)}`];
  return [...parts, `fails after about ${formatWait(totalWait)}`].join('; ');
}

/** Keeps a number and its unit on one line. */
export function unbroken(text: string): string {
  return text.replace(/(\d) (s|min|h|d)\b/g, '$1\u00a0$2').replace(/(min|h|d) (\d)/g, '$1\u00a0$2');
}

function listWaits(waits: readonly number[]): string {
  const texts = waits.map(formatWait);
  if (texts.length <= WAITS_MAX) return texts.join(', ');
  return [...texts.slice(0, WAITS_MAX - 1), '…', texts.at(-1)].join(', ');
}
