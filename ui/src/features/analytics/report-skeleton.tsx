import { Skeleton } from '@mantine/core';
import { Panel } from '@/components/panel';
import { RowsSkeleton } from '@/components/skeletons';
import classes from './analytics.module.css';
import facts from './facts.module.css';
import { texts } from './texts';

/** Placeholder while the report is loading, in the shape of the real one. */
export function ReportSkeleton() {
  return (
    <div className={classes.report}>
      <div className={facts.facts} aria-hidden>
        <Tiles count={6} />
        <Tiles count={4} />
      </div>
      <div className={classes.charts}>
        <Panel title={texts.time.title}>
          <Skeleton height={316} />
        </Panel>
        <Panel title={texts.attempts.title}>
          <Skeleton height={90} />
        </Panel>
      </div>
      <Panel title={texts.flows.title}>
        <RowsSkeleton rows={5} />
      </Panel>
    </div>
  );
}

function Tiles({ count }: { count: number }) {
  return (
    <div className={facts.tiles} data-count={count}>
      {Array.from({ length: count }, (_, at) => `tile-${at}`).map((tile) => (
        <div key={tile} className={facts.tile}>
          <Skeleton height={9} width="52%" mt={5} mb={14} />
          <Skeleton height={18} width="38%" mb={11} />
          <Skeleton height={9} width="70%" mb={3} />
        </div>
      ))}
    </div>
  );
}
