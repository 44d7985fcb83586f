import { useInViewport } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { recentQuery, weekQuery } from './queries';

/** Recent executions of a flow; fetched when its card or row first becomes visible. */
export function useRecent(flowId: string, isLive: boolean) {
  const { ref, inViewport } = useInViewport();
  const [wasSeen, setSeen] = useState(false);
  if (inViewport && !wasSeen) setSeen(true);
  const recent = useQuery({ ...recentQuery(flowId, isLive), enabled: wasSeen });
  const week = useQuery(weekQuery());
  return { ref, recent, week: week.data?.byId.get(flowId), isWeekKnown: week.data?.isComplete ?? false };
}
