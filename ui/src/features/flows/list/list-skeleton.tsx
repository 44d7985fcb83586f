import { BlockSkeleton, RowsSkeleton } from '@/components/skeletons';
import classes from './flow-list.module.css';

const CARDS = ['a', 'b', 'c', 'd', 'e', 'f'];

/** The list while it is loaded, as high as what follows. */
export function ListSkeleton({ view }: { view: 'cards' | 'table' }) {
  if (view === 'table') return <RowsSkeleton rows={8} height={49} />;
  return (
    <div className={classes.cards}>
      {CARDS.map((card) => (
        <BlockSkeleton key={card} height={212} />
      ))}
    </div>
  );
}
