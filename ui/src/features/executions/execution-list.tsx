import { Button } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconArrowUp } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { ExecutionRow } from '@/api/types';
import { useNodeNames } from '@/components/use-node-names';
import { texts as common } from '@/lib/texts';
import { Bulk } from './bulk';
import { bulkTexts } from './bulk-texts';
import classes from './execution-list.module.css';
import { ExecutionListRow } from './execution-list-row';
import type { Filters } from './filters';
import { hasSelected, isIn } from './selection';
import { texts } from './texts';
import { useAnchor } from './use-anchor';
import { useSelection } from './use-selection';

interface ExecutionListProps {
  rows: ExecutionRow[];
  /** What the list shows: all of it can be changed at once. */
  filters: Filters;
  hasMore: boolean;
  isLoadingMore: boolean;
  /** Whether the next page failed to load; then it is loaded on request. */
  isStuck: boolean;
  onMore: () => void;
}

/** The next page is fetched when the end of the list is this near. */
const ROWS_AHEAD = 30;

/** The rows that fit the window; rows that come and go above do not move the visible ones. */
export function ExecutionList({ rows, filters, hasMore, isLoadingMore, isStuck, onMore }: ExecutionListProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const narrow = useMediaQuery('(max-width: 860px)') ?? false;
  const height = narrow ? 66 : 44;
  const navigate = useNavigate();
  const nameOf = useNodeNames();
  const ids = useMemo(() => rows.map((row) => row.id), [rows]);
  const { selection, onSelect, ...select } = useSelection(ids);
  const isSelecting = hasSelected(selection);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    getItemKey: (index) => ids[index] ?? index,
    overscan: 12,
    // The bar lies over the last rows.
    paddingEnd: isSelecting ? 104 : 40,
    initialRect: { width: 1000, height: 700 },
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows are measured again when their height changes.
  useEffect(() => virtual.measure(), [virtual, height]);
  useAnchor(scroller, ids, height);

  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && !isLoadingMore && !isStuck && last >= rows.length - ROWS_AHEAD) onMore();
  }, [hasMore, isLoadingMore, isStuck, last, rows.length, onMore]);

  const open = useCallback(
    (id: string) => void navigate({ to: '/executions/$executionId', params: { executionId: id } }),
    [navigate],
  );

  return (
    <div className={classes.frame}>
      <div
        className={classes.table}
        role="table"
        aria-label={texts.title}
        aria-rowcount={hasMore ? -1 : rows.length + 1}
      >
        <Head isAll={ids.length > 0 && ids.every((id) => isIn(selection, id))} onSelectLoaded={select.onSelectLoaded} />
        <div className={classes.scroller} ref={scroller} role="rowgroup">
          <div className={classes.rows} style={{ height: virtual.getTotalSize() }}>
            {items.map((item) => {
              const row = rows[item.index];
              return (
                row && (
                  <ExecutionListRow
                    key={item.key}
                    row={row}
                    place={item.index + 1}
                    top={item.start}
                    onOpen={open}
                    isSelected={isIn(selection, row.id)}
                    onSelect={onSelect}
                    nameOf={nameOf}
                  />
                )
              );
            })}
            <div className={classes.foot}>
              {hasMore ? texts.list.loadedMore(rows.length) : texts.list.loaded(rows.length)}
              {isStuck && (
                <Button variant="subtle" size="compact-xs" onClick={onMore}>
                  {common.actions.tryAgain}
                </Button>
              )}
            </div>
          </div>
        </div>
      </div>
      <Newer ids={ids} scroller={scroller} />
      {isSelecting && (
        <Bulk selection={selection} filters={filters} hasMore={hasMore} loaded={ids.length} {...select} />
      )}
    </div>
  );
}

interface HeadProps {
  isAll: boolean;
  onSelectLoaded: () => void;
}

function Head({ isAll, onSelectLoaded }: HeadProps) {
  const columns = texts.columns;
  return (
    // biome-ignore-start lint/a11y/useFocusableInteractive: headings do nothing.
    <div className={classes.head} role="row">
      <span role="columnheader">
        <label className={classes.select}>
          <input type="checkbox" checked={isAll} aria-label={bulkTexts.selectLoaded} onChange={onSelectLoaded} />
        </label>
      </span>
      <span role="columnheader">{columns.status}</span>
      <span role="columnheader">{columns.flow}</span>
      <span role="columnheader">{columns.started}</span>
      <span role="columnheader" className={classes.number}>
        {columns.duration}
      </span>
      <span role="columnheader" className={classes.number}>
        {columns.attempts}
      </span>
      <span role="columnheader">{columns.error}</span>
    </div>
    // biome-ignore-end lint/a11y/useFocusableInteractive: see above.
  );
}

/** While scrolled down: the number of new executions, and a link to them. */
function Newer({ ids, scroller }: { ids: readonly string[]; scroller: React.RefObject<HTMLDivElement | null> }) {
  const newest = ids[0] ?? '';
  const [seen, setSeen] = useState(newest);
  const [isDown, setDown] = useState(false);
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const look = () => setDown(element.scrollTop > 0);
    element.addEventListener('scroll', look, { passive: true });
    return () => element.removeEventListener('scroll', look);
  }, [scroller]);
  if (!isDown && seen !== newest) setSeen(newest);
  // Ids sort by time, newest first.
  const count = isDown ? ids.findIndex((id) => id <= seen) : 0;
  if (count <= 0) return null;
  return (
    <Button
      className={classes.newer}
      radius="xl"
      size="compact-sm"
      leftSection={<IconArrowUp size={14} aria-hidden />}
      onClick={() => scroller.current?.scrollTo({ top: 0 })}
    >
      {texts.list.newer(count)}
    </Button>
  );
}
