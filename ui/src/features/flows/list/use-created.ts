import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import type { Flow } from '@/api/types';

/** Creates a flow, and opens it. */
export function useCreated(onClose: () => void, create: () => Promise<Flow>) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: create,
    onSuccess: (flow) => {
      void queries.invalidateQueries({ queryKey: ['flows'] });
      onClose();
      void navigate({ to: '/flows/$flowId', params: { flowId: flow.id } });
    },
  });
}
