import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { type AlertInput, deleteAlert, listAlerts, saveAlert, testAlert } from '@/api/alerts';
import { damagedOf, rowsOf } from '@/api/damaged';

/** The alerts, with the last message of each. Messages are sent by the server, so it is asked again. */
export const alertsQuery = () =>
  queryOptions({
    queryKey: ['alerts'],
    queryFn: ({ signal }) => listAlerts(signal),
    refetchInterval: 5_000,
    select: rowsOf,
  });

/** The same, of those that cannot be read. */
export const damagedAlertsQuery = () => ({ ...alertsQuery(), select: damagedOf });

export function useSaveAlert() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ id, document }: { id: string | null; document: AlertInput }) => saveAlert(id, document),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['alerts'] }),
  });
}

export function useDeleteAlert() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => deleteAlert(id),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['alerts'] }),
  });
}

export function useTestAlert() {
  return useMutation({ mutationFn: (id: string) => testAlert(id) });
}
