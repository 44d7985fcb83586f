import { IconDatabaseExclamation } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { healthQuery } from '@/api/health';
import { Prose } from '@/components/prose';
import { own } from '@/lib/own';
import { texts } from '@/lib/texts';
import classes from './offline-banner.module.css';

/** Shows that the database has little room left, before it is full, and what to do. */
export function RoomBanner() {
  const { data } = useQuery(healthQuery());
  const shown = own(texts.room, data?.room ?? '');
  if (!shown) return null;
  return (
    <div className={classes.banner} role="status">
      <IconDatabaseExclamation size={16} aria-hidden className={classes.icon} />
      <strong>{shown.title}</strong>
      <span>
        <Prose text={shown.detail} />
      </span>
    </div>
  );
}
