import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { accountQuery } from '@/api/account';
import { flowQuery } from '@/api/flows';
import { InFolder } from '@/api/use-may';

/** What is about a flow that is known by its ID: what may be done with it depends on its folder, for those with roles in some. */
export function OfFlow({ id, children }: { id: string; children: ReactNode }) {
  const account = useQuery(accountQuery()).data;
  const flow = useQuery({ ...flowQuery(id), enabled: account !== undefined && account.grants.length > 0 });
  return <InFolder value={flow.data?.folder}>{children}</InFolder>;
}
