import { Skeleton } from '@mantine/core';
import { texts } from '@/lib/texts';

/** Placeholder rows while loading; as high as the real rows, so that the layout does not shift. */
export function RowsSkeleton({ rows = 8, height = 44 }: { rows?: number; height?: number }) {
  return (
    <div aria-busy="true" role="status">
      <span className="visually-hidden">{texts.loading}</span>
      {Array.from({ length: rows }, (_, row) => `row-${row}`).map((row, index) => (
        <div key={row} style={{ height, display: 'flex', alignItems: 'center', gap: 16 }}>
          <Skeleton height={10} width={`${14 + ((index * 7) % 9)}%`} />
          <Skeleton height={10} width={`${26 + ((index * 11) % 17)}%`} />
          <Skeleton height={10} width={`${10 + ((index * 5) % 7)}%`} />
        </div>
      ))}
    </div>
  );
}

/** A placeholder block while loading. */
export function BlockSkeleton({ height = 160 }: { height?: number }) {
  return (
    <div aria-busy="true" role="status">
      <span className="visually-hidden">{texts.loading}</span>
      <Skeleton height={height} radius="md" />
    </div>
  );
}
