/** Reasons why a button is disabled; `null` when it is enabled. What the API would refuse is explained here first. */
import type { Execution } from '@/api/types';
import { isFinished } from '@/components/status';
import { texts } from './texts';

export function whyNotCancel({ status }: Pick<Execution, 'status'>): string | null {
  return isFinished(status) ? texts.reasons.ended(status) : null;
}

export function whyNotPause({ status }: Pick<Execution, 'status'>): string | null {
  return isFinished(status) ? texts.reasons.ended(status) : null;
}

export function whyNotRetryNow({ status }: Pick<Execution, 'status'>): string | null {
  if (isFinished(status)) return texts.reasons.ended(status);
  return status === 'paused' ? texts.reasons.held : null;
}
