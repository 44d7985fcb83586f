/** Retry settings as a sentence. */

import type { RetryForecast } from '@/api/retry-forecast';
import { formatWait } from '@/lib/time';
import { texts as times } from '@/lib/time-texts';
import { texts } from './retry-texts';

/** Longer lists of backoffs are shortened in the middle. */
const WAITS_MAX = 5;

/** Reads as `up to 4 attempts; backoffs 1 s, 2 s, 4 s; fails after about 7 s`. */
export function retrySentence({ attempts, waits, totalWait }: RetryForecast): string {
  return attempts === 1 ? texts.once : texts.sentence(attempts, listWaits(waits), formatWait(totalWait));
}

const UNITS = Object.values(times.units)
  .map((unit) => unit.replaceAll('.', '\\.'))
  .join('|');
const BEFORE_UNIT = new RegExp(`(\\d) (${UNITS})(?!\\p{L})`, 'gu');
const AFTER_UNIT = new RegExp(`(${UNITS}) (\\d)`, 'gu');

/** Keeps a number and its unit on one line. */
export function unbroken(text: string): string {
  return text.replace(BEFORE_UNIT, '$1\u00a0$2').replace(AFTER_UNIT, '$1\u00a0$2');
}

function listWaits(waits: readonly number[]): string {
  const written = waits.map(formatWait);
  if (written.length <= WAITS_MAX) return written.join(', ');
  return [...written.slice(0, WAITS_MAX - 1), '…', written.at(-1)].join(', ');
}
