import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type Control, controlExecution, retryNow } from '@/api/executions';
import { killEngine } from '@/api/health';
import { toProblem } from '@/api/problem';
import { executionQuery } from './queries';
import { texts } from './texts';

/** Cancels, pauses or resumes; the result is read from the server, never assumed. */
export function useControl(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (control: Control) => controlExecution(id, control),
    onError: sayProblem,
    onSettled: () => queries.invalidateQueries({ queryKey: executionQuery(id).queryKey }),
  });
}

/** Ends the backoff of a node. */
export function useRetryNow(id: string, nodeId: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => retryNow(id, nodeId),
    onSuccess: () => notifications.show({ id: 'retry-now', message: texts.actions.retryNowDone }),
    onError: sayProblem,
    onSettled: () => queries.invalidateQueries({ queryKey: executionQuery(id).queryKey }),
  });
}

/** Has a demo kill its engine. */
export function useKillEngine() {
  return useMutation({
    mutationFn: killEngine,
    onSuccess: () => notifications.show({ id: 'killed', message: texts.actions.killed }),
    onError: sayProblem,
  });
}

function sayProblem(error: unknown): void {
  const { title, detail } = toProblem(error);
  notifications.show({ title, message: detail, color: 'red' });
}
