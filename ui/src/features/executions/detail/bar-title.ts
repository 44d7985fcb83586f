import { errorClassLabel } from '@/components/error-classes';
import { own } from '@/lib/own';
import { formatDuration } from '@/lib/time';
import type { Bar } from './bars';
import { texts } from './texts';

const MESSAGE_MAX = 300;

/** Returns the tooltip of a bar. */
export function barTitle(bar: Bar, now: number, maxAttempts: number): string {
  const { waterfall } = texts;
  const length = formatDuration((bar.to ?? bar.due ?? now) - bar.from);
  if (bar.kind === 'gap') return waterfall.backoff(length);
  if (bar.kind === 'wait') return waterfall.waited(own(waterfall.waits, bar.reason ?? '') ?? waterfall.wait, length);
  const attempt = bar.attempt ? waterfall.attempt(bar.attempt.number, maxAttempts) : '';
  const how = `${waterfall.outcome[bar.kind]} ${bar.to === null ? waterfall.for(length) : waterfall.after(length)}`;
  const error = bar.attempt?.error_class ? `\n${errorClassLabel(bar.attempt.error_class)}: ` : '';
  return `${attempt} ${how}${error}${bar.attempt?.error_message?.slice(0, MESSAGE_MAX) ?? ''}`;
}
