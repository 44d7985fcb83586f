import type { ConversationStep } from '@/api/types';
import type { StatusKey } from '@/components/status';

/** Returns the status whose icon a call has. */
export function iconOf({ status }: ConversationStep): StatusKey {
  if (status === 'waiting') return 'decision';
  return status === 'stopped' ? 'cancelled' : status;
}
