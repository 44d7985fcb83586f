import { IconArrowDown } from '@tabler/icons-react';
import { useState } from 'react';
import type { FailureGroup } from '@/api/reports';
import { OfFlow } from '@/components/of-flow';
import { useNodeNames } from '@/components/use-node-names';
import type { Period } from '@/lib/periods';
import { timeName } from './counts';
import classes from './failure-list.module.css';
import { FailureRow } from './failure-row';
import { held, keyOf, type Order, sorted } from './order';
import { texts } from './texts';

interface FailureListProps {
  groups: readonly FailureGroup[];
  period: Period | undefined;
  order: Order;
  onOrder: (order: Order) => void;
  onRetry: (group: FailureGroup) => void;
}

/** The groups, one per row. Their order is kept while the pointer is over them. */
export function FailureList({ groups, period, order, onOrder, onRetry }: FailureListProps) {
  const [kept, setKept] = useState<readonly string[] | null>(null);
  const nameOf = useNodeNames();
  const inOrder = sorted(groups, order);
  const shown = kept ? held(inOrder, kept) : inOrder;
  const keep = () => setKept((before) => before ?? shown.map(keyOf));
  const choose = (next: Order) => {
    setKept(null);
    onOrder(next);
  };
  return (
    <div className={classes.table} role="table" aria-label={texts.title}>
      <Head order={order} time={timeName(groups[0])} onOrder={choose} />
      <div
        role="rowgroup"
        onPointerEnter={keep}
        onPointerLeave={() => setKept(null)}
        onFocus={keep}
        onBlur={() => setKept(null)}
      >
        {shown.map((group) => (
          <OfFlow key={keyOf(group)} id={group.flow_id}>
            <FailureRow group={group} period={period} onRetry={onRetry} nameOf={nameOf} />
          </OfFlow>
        ))}
      </div>
    </div>
  );
}

interface HeadProps {
  order: Order;
  /** The title of the bars. */
  time: string;
  onOrder: (order: Order) => void;
}

function Head({ order, time, onOrder }: HeadProps) {
  const { columns } = texts;
  // biome-ignore-start lint/a11y/useFocusableInteractive: keyboard users reach the buttons inside.
  const sortable = (by: Order, label: string, className?: string) => (
    <span role="columnheader" className={className ?? ''} aria-sort={order === by ? 'descending' : 'none'}>
      <button type="button" className={classes.sort} onClick={() => onOrder(by)}>
        {label}
        <IconArrowDown size={13} aria-hidden className={classes.arrow} />
      </button>
    </span>
  );
  return (
    <div role="rowgroup">
      <div className={classes.head} role="row">
        <span role="columnheader" className={classes.wide}>
          {columns.failure}
        </span>
        <span role="columnheader" className={classes.wide}>
          {time}
        </span>
        <span className={classes.sortBy} aria-hidden>
          {texts.sortBy}
        </span>
        {sortable('count', columns.count, classes.number)}
        {sortable('last', columns.last)}
        {sortable('first', columns.first)}
        <span role="columnheader" className={classes.wide}>
          <span className="visually-hidden">{texts.retry}</span>
        </span>
      </div>
    </div>
  );
  // biome-ignore-end lint/a11y/useFocusableInteractive: see above.
}
