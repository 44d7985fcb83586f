import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { type AgentDocument, deleteAgent, listAgents, saveAgent } from '@/api/agents';

export const agentsQuery = () =>
  queryOptions({
    queryKey: ['agents', 'list'],
    queryFn: ({ signal }) => listAgents(signal),
    staleTime: 5_000,
  });

export function useSaveAgent(id: string | null) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (document: AgentDocument) => saveAgent(id, document),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['agents'] }),
  });
}

export function useDeleteAgent() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: deleteAgent,
    onSuccess: () => queries.invalidateQueries({ queryKey: ['agents'] }),
  });
}
