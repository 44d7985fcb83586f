import { useInViewport } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { accountQuery } from '@/api/account';
import { recentQuery, weekQuery } from './queries';

/** Recent executions of a flow; fetched when its card or row first becomes visible. */
export function useRecent(flowId: string, isLive: boolean) {
  const { ref, inViewport } = useInViewport();
  const [wasSeen, setSeen] = useState(false);
  if (inViewport && !wasSeen) setSeen(true);
  const recent = useQuery({ ...recentQuery(flowId, isLive), enabled: wasSeen });
  // Sums over all folders are for those with a role in all of them.
  const account = useQuery(accountQuery()).data;
  const week = useQuery({ ...weekQuery(), enabled: account?.role !== 'none' });
  return { ref, recent, week: week.data?.byId.get(flowId), isWeekKnown: week.data?.isComplete ?? false };
}
