import { Skeleton } from '@mantine/core';
import { texts } from '@/lib/texts';
import classes from './failure-list.module.css';

const ROWS = [62, 41, 55, 34, 48];

/** Placeholder while the groups are loading, in the shape of the real list. */
export function ListSkeleton() {
  return (
    <div className={classes.table} aria-busy="true" role="status">
      <span className="visually-hidden">{texts.loading}</span>
      <div className={classes.head} />
      {ROWS.map((width) => (
        <div key={width} className={classes.row}>
          <div className={classes.what}>
            <Skeleton height={11} width={`${width}%`} mb={10} />
            <Skeleton height={9} width={`${width / 2}%`} />
          </div>
          <Skeleton className={classes.bars} height={26} />
          <Skeleton className={classes.count} height={11} width={48} ml="auto" />
          <Skeleton className={classes.last} height={9} width={64} />
          <Skeleton className={classes.first} height={9} width={64} />
          <Skeleton className={classes.action} height={28} width={70} />
        </div>
      ))}
    </div>
  );
}
