/** The pages of a flow for people who do not use the studio. All functions are pure. */
import type { Flow } from '@/api/types';
import { chatOf } from './chat-flow';
import { formOf } from './trigger-form';

export interface FlowPages {
  hasForm: boolean;
  hasChat: boolean;
}

/** Returns which pages a flow has, as it is saved. */
export function pagesOf(flow: Flow): FlowPages {
  return { hasForm: formOf(flow) !== null, hasChat: typeof chatOf(flow) === 'object' };
}
