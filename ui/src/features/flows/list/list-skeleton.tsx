import { Skeleton } from '@mantine/core';
import { RowsSkeleton } from '@/components/skeletons';
import { texts } from '@/lib/texts';
import classes from './flow-list.module.css';

const CARDS = ['a', 'b', 'c', 'd', 'e', 'f'];

/** Placeholder while the list is loading, as high as the real one. */
export function ListSkeleton({ view }: { view: 'cards' | 'table' }) {
  if (view === 'table') return <RowsSkeleton rows={8} height={49} />;
  return (
    <div className={classes.cards} aria-busy="true" role="status">
      <span className="visually-hidden">{texts.loading}</span>
      {CARDS.map((card) => (
        <div key={card} className={classes.skeleton}>
          <Skeleton height={12} width="46%" />
          <Skeleton height={9} width="84%" />
          <Skeleton height={9} width="62%" />
          <Skeleton height={24} width="78%" mt="auto" />
          <Skeleton height={9} width="24%" mb={10} />
        </div>
      ))}
    </div>
  );
}
