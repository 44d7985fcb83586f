import { useMutation, useQueryClient } from '@tanstack/react-query';
import { createKey, deleteKey, type OwnKeyInput } from '@/api/keys';

function useRefresh() {
  const queries = useQueryClient();
  return async () => {
    await Promise.all([
      queries.invalidateQueries({ queryKey: ['keys'] }),
      queries.invalidateQueries({ queryKey: ['members'] }),
    ]);
  };
}

interface Wanted {
  input: OwnKeyInput;
  /** The name of a service account; `null` for one's own key. */
  account: string | null;
}

export function useCreateKey() {
  return useMutation({
    mutationFn: ({ input, account }: Wanted) => createKey(input, account),
    // The key is not kept in memory for longer than it is shown.
    gcTime: 0,
    onSuccess: useRefresh(),
  });
}

export function useDeleteKey(whose: 'own' | 'all') {
  return useMutation({ mutationFn: (id: string) => deleteKey(id, whose), onSettled: useRefresh() });
}
