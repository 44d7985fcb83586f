import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { flowsQuery } from '@/api/flows';
import type { Keeper } from './keeper';

/** Lets the list of flows be asked for again when the flow has a draft, or has none any more: it marks those that have. */
export function useListed(keeper: Keeper): void {
  const queries = useQueryClient();
  useEffect(
    () =>
      keeper.keeping.subscribe(({ last }, { last: before }) => {
        if ((last === null) === (before === null)) return;
        void queries.invalidateQueries({ queryKey: flowsQuery().queryKey, exact: true });
      }),
    [keeper, queries],
  );
}
