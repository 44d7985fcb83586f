import { useMutation, useQueryClient } from '@tanstack/react-query';
import { deleteSecret, putSecret } from '@/api/secrets';

interface Put {
  name: string;
  value: string;
  hosts: string[];
}

/** Flows have other warnings then, too. */
function useRefresh() {
  const queries = useQueryClient();
  return async () => {
    await Promise.all([
      queries.invalidateQueries({ queryKey: ['secrets'] }),
      queries.invalidateQueries({ queryKey: ['flows'] }),
    ]);
  };
}

export function usePutSecret() {
  return useMutation({
    mutationFn: ({ name, value, hosts }: Put) => putSecret(name, { value, hosts }),
    // The value is not kept in memory for longer than it takes.
    gcTime: 0,
    onSuccess: useRefresh(),
  });
}

export function useDeleteSecret() {
  return useMutation({ mutationFn: deleteSecret, onSettled: useRefresh() });
}
