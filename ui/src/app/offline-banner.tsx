import { IconPlugConnectedX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { call } from '@/api/client';
import { useReachable } from '@/lib/connection';
import { texts } from '@/lib/texts';
import classes from './offline-banner.module.css';

/** Shows that the server is unreachable, and polls until it is back. */
export function OfflineBanner() {
  const reachable = useReachable();
  useQuery({
    queryKey: ['ping'],
    // Any response will do: the client records that the server was reached.
    queryFn: ({ signal }) => call('GET', '/studio/flows', { query: { limit: 1 }, signal }).then(() => null),
    enabled: !reachable,
    refetchInterval: 2_000,
    retry: false,
    staleTime: 0,
  });
  if (reachable) return null;
  return (
    <div className={classes.banner} role="status">
      <IconPlugConnectedX size={16} aria-hidden className={classes.icon} />
      <strong>{texts.offline.title}</strong>
      <span>{texts.offline.detail}</span>
    </div>
  );
}
