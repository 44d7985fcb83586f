import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { changeTenant, createTenant, deleteTenant, listTenants } from '@/api/tenants';

/** How often a list is read in which something is being done. */
const FOLLOW_MS = 2_000;

export const tenantsQuery = () =>
  queryOptions({
    queryKey: ['tenants'],
    queryFn: ({ signal }) => listTenants(signal),
    refetchInterval: ({ state }) =>
      state.data?.rows.some((tenant) => tenant.deleting_since || tenant.cancelling_since) ? FOLLOW_MS : false,
  });

function useRefresh() {
  const queries = useQueryClient();
  return () => queries.invalidateQueries({ queryKey: ['tenants'] });
}

export function useCreateTenant() {
  return useMutation({ mutationFn: createTenant, onSettled: useRefresh() });
}

type Change = Parameters<typeof changeTenant>[1] & { id: string };

export function useChangeTenant() {
  const refresh = useRefresh();
  return useMutation({ mutationFn: ({ id, ...change }: Change) => changeTenant(id, change), onSettled: refresh });
}

export function useDeleteTenant() {
  const refresh = useRefresh();
  return useMutation({
    mutationFn: ({ id, name, cancel }: { id: string; name: string; cancel: boolean }) => deleteTenant(id, name, cancel),
    onSettled: refresh,
  });
}
