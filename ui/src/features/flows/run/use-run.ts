import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useRef } from 'react';
import { executeFlow, type StartBody } from '@/api/flows';
import { writeJson } from '@/lib/json';
import { idempotencyKey } from '@/lib/keys';

/** Starts an execution and opens it. Pressing again after a lost response does not start a second one. */
export function useRun(flowId: string, onStarted: () => void) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const last = useRef({ body: '', key: '' });
  return useMutation({
    mutationFn: (body: StartBody) => {
      const text = writeJson(body);
      // The same input has the same key; changed input is a new intent.
      if (last.current.body !== text) last.current = { body: text, key: idempotencyKey() };
      return executeFlow(flowId, body, last.current.key);
    },
    onSuccess: (executionId) => {
      void queries.invalidateQueries({ queryKey: ['executions'] });
      onStarted();
      void navigate({ to: '/executions/$executionId', params: { executionId } });
    },
  });
}
