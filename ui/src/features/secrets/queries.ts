import { useMutation, useQueryClient } from '@tanstack/react-query';
import { deleteSecret, putSecret, type SecretInput } from '@/api/secrets';

interface Put {
  name: string;
  body: SecretInput;
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
    mutationFn: ({ name, body }: Put) => putSecret(name, body),
    // The value is not kept in memory for longer than it takes.
    gcTime: 0,
    onSuccess: useRefresh(),
  });
}

export function useDeleteSecret() {
  return useMutation({ mutationFn: deleteSecret, onSettled: useRefresh() });
}
