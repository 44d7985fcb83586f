import type { ComponentType } from 'react';
import classes from './filter-chip.module.css';

interface FilterChipProps {
  label: string;
  tone: string;
  icon: ComponentType<{ size?: number | string; className?: string; 'aria-hidden'?: boolean }>;
  /** The number of matches, or a placeholder while it is unknown. */
  count?: number | string;
  pressed: boolean;
  onToggle: () => void;
}

/** One option of a filter, on or off. */
export function FilterChip({ label, tone, icon: Icon, count, pressed, onToggle }: FilterChipProps) {
  return (
    <button
      ref={pressed ? show : undefined}
      type="button"
      className={classes.chip}
      data-tone={tone}
      aria-pressed={pressed}
      onClick={onToggle}
    >
      <Icon size={14} aria-hidden className={classes.icon ?? ''} />
      {label}
      {count !== undefined && <span className={classes.count}>{count}</span>}
    </button>
  );
}

/** On phones, chips are in a row that scrolls. One that is on must be seen. */
function show(chip: HTMLButtonElement | null): void {
  chip?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
}
