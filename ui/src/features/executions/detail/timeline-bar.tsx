import { formatDuration } from '@/lib/time';
import { barTitle } from './bar-title';
import type { Bar, BarKind } from './bars';
import classes from './timeline.module.css';

interface TimelineBarProps {
  bar: Bar;
  start: number;
  end: number;
  now: number;
  maxAttempts: number;
  /** For rows that are lower than those of nodes: without the symbol of the outcome. */
  isSmall?: boolean;
}

/** The minimum length of a bar, in percent of the axis, so that the shortest attempt is visible. */
const LEAST = 0.35;
/** A backoff at least this long has a label. */
const ROOM_FOR_TEXT = 15;

const TALL = { y: 9, height: 16, rx: 4 };
const SMALL = { y: 9, height: 8, rx: 2 };
const FLAT = { y: 12, height: 10, rx: 2 };

/** An attempt, a backoff or a wait. The remaining part of a backoff is an outline. */
export function TimelineBar({ bar, start, end, now, maxAttempts, isSmall = false }: TimelineBarProps) {
  const scale = 100 / (end - start);
  const to = bar.to ?? Math.max(bar.from, Math.min(now, bar.due ?? now));
  const left = Math.min(100 - LEAST, Math.max(0, (bar.from - start) * scale));
  const width = Math.min(100 - left, Math.max(LEAST, (to - bar.from) * scale));
  const isFlat = bar.kind === 'gap' || bar.kind === 'wait';
  const shape = isSmall ? SMALL : isFlat ? FLAT : TALL;
  const ahead = bar.to === null && bar.due !== null ? Math.min(100, (bar.due - start) * scale) - left - width : 0;
  return (
    <g className={classes[bar.kind]}>
      <title>{barTitle(bar, now, maxAttempts)}</title>
      {ahead > 0 && <rect x={`${left + width}%`} width={`${ahead}%`} {...shape} className={classes.ahead} />}
      <rect x={`${left}%`} width={`${width}%`} {...shape} className={classes.shape} />
      {isFlat && width > ROOM_FOR_TEXT && bar.kind === 'gap' && bar.to !== null && (
        <text x={`${left + width / 2}%`} y="21" className={classes.length}>
          {formatDuration(bar.to - bar.from)}
        </text>
      )}
      {!isSmall && <Glyph kind={bar.kind} at={left + width} />}
    </g>
  );
}

const GLYPHS: Partial<Record<BarKind, string>> = {
  ok: 'M-3 0.2 L-0.9 2.4 L3.2 -2.2',
  bad: 'M-2.5 -2.5 L2.5 2.5 M2.5 -2.5 L-2.5 2.5',
  cut: 'M-2.2 -2.2 H2.2 V2.2 H-2.2 Z',
};

/** The outcome, as a symbol at the end of the bar. */
function Glyph({ kind, at }: { kind: BarKind; at: number }) {
  const path = GLYPHS[kind];
  if (!path) return null;
  return (
    <svg x={`${at}%`} y="17" overflow="visible" role="presentation">
      <circle r="7" className={classes.glyphBack} />
      <path d={path} className={classes.glyph} />
    </svg>
  );
}
