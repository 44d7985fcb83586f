import type { ExecutionStatus } from '@/api/types';

/** Which node and tab of an execution are shown. */
export interface Look {
  node?: string | undefined;
  tab?: 'timeline' | 'data' | 'events' | undefined;
  /** The attempt, or the step of the conversation, of the chosen node that is pointed at. */
  attempt?: number | undefined;
  step?: number | undefined;
  /** The status that the executions of the chosen node are filtered by. */
  children?: ExecutionStatus | undefined;
}
