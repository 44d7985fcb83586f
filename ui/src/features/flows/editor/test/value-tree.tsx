import { IconChevronRight, IconPlus } from '@tabler/icons-react';
import { type DragEvent, type KeyboardEvent, useId, useMemo, useRef, useState } from 'react';
import type { Shape } from '../document/shape';
import { DRAGGED_PATH, templateOf } from '../form/insertion';
import { texts } from './texts';
import { actOf, type Row, rowsOf } from './tree';
import classes from './value-tree.module.css';

interface ValueTreeProps {
  label: string;
  base: string;
  value: { value: unknown } | null;
  shape: Shape;
  /** Puts an expression into a field. */
  onInsert: (path: string) => void;
}

/** A value as a tree whose rows are dragged into fields, or inserted with Enter. */
export function ValueTree({ label, base, value, shape, onInsert }: ValueTreeProps) {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const [focused, setFocused] = useState<string | null>(null);
  const rows = useMemo(() => rowsOf(base, value, shape, open), [base, value, shape, open]);
  const tree = useRef<HTMLDivElement>(null);
  const hint = useId();
  const current = rows.some(({ path }) => path === focused) ? focused : rows[0]?.path;

  const toggle = (path: string) => {
    const next = new Set(open);
    if (!next.delete(path)) next.add(path);
    setOpen(next);
  };
  const press = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = actOf(rows, current ?? null, event.key);
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    if (act.does === 'insert') onInsert(act.path);
    else if (act.does === 'toggle') toggle(act.path);
    else tree.current?.querySelector<HTMLElement>(`[data-path="${CSS.escape(act.path)}"]`)?.focus();
  };

  return (
    <>
      <p id={hint} hidden>
        {texts.inputHint}
      </p>
      <div role="tree" aria-label={label} aria-describedby={hint} className={classes.tree} ref={tree} onKeyDown={press}>
        {rows.map((row) => (
          <TreeRow
            key={row.path}
            row={row}
            isCurrent={row.path === current}
            onFocus={() => setFocused(row.path)}
            onToggle={() => toggle(row.path)}
            onInsert={() => onInsert(row.path)}
          />
        ))}
      </div>
    </>
  );
}

interface TreeRowProps {
  row: Row;
  isCurrent: boolean;
  onFocus: () => void;
  onToggle: () => void;
  onInsert: () => void;
}

function TreeRow({ row, isCurrent, onFocus, onToggle, onInsert }: TreeRowProps) {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree handles the keys of its rows.
    <div
      role="treeitem"
      aria-level={row.depth}
      aria-selected={isCurrent}
      {...(row.isBranch && { 'aria-expanded': row.isOpen })}
      tabIndex={isCurrent ? 0 : -1}
      data-path={row.path}
      className={classes.row}
      style={{ paddingLeft: 6 + (row.depth - 1) * 14 }}
      title={row.path}
      draggable
      onDragStart={(event) => drag(event, row.path)}
      onFocus={onFocus}
      onClick={row.isBranch ? onToggle : undefined}
      onDoubleClick={row.isBranch ? undefined : onInsert}
    >
      <IconChevronRight
        size={12}
        aria-hidden
        className={classes.chevron}
        data-open={row.isOpen || undefined}
        data-leaf={!row.isBranch || undefined}
      />
      <span className={classes.key}>
        {row.label}
        {row.isOptional && (
          <span title={texts.optional}>
            ?<span className="visually-hidden"> ({texts.optional})</span>
          </span>
        )}
      </span>{' '}
      <span className={classes.sample} data-kind={row.kind}>
        {row.sample}
      </span>
      <button
        type="button"
        tabIndex={-1}
        aria-hidden
        className={classes.insert}
        title={texts.insert}
        // The field keeps the focus, and its caret.
        onMouseDown={(event) => event.preventDefault()}
        onClick={(event) => {
          event.stopPropagation();
          onInsert();
        }}
      >
        <IconPlus size={13} aria-hidden />
      </button>
    </div>
  );
}

/** Starts to drag a value. Other programs get it as a template. */
export function drag(event: DragEvent, path: string): void {
  event.stopPropagation();
  event.dataTransfer.effectAllowed = 'copy';
  event.dataTransfer.setData(DRAGGED_PATH, path);
  event.dataTransfer.setData('text/plain', templateOf(path));
}
