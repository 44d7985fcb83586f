/** The panes beside the canvas: which are open and how wide, as this browser remembers it. */
import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';
import { isRecord, parseJsonOr, writeJson } from '@/lib/json';

export type PaneName = 'input' | 'form' | 'output';
/** What can be closed: without a choice, it is open where there is room for all three. */
export type SideName = 'input' | 'output';

export const PANE_WIDTHS: Readonly<Record<PaneName, { least: number; usual: number; most: number }>> = {
  input: { least: 180, usual: 220, most: 520 },
  form: { least: 280, usual: 324, most: 640 },
  output: { least: 200, usual: 256, most: 640 },
};

/** The width of a closed pane. */
const CLOSED = 34;
/** The least that is left for the canvas. */
const CANVAS_LEAST = 240;
/** Both sides are open by themselves where this is left for the canvas. */
const CANVAS_ROOMY = 520;

interface Panes {
  open: Readonly<Partial<Record<SideName, boolean>>>;
  widths: Readonly<Partial<Record<PaneName, number>>>;
}

const STORED_AS = 'steadflow.panes';

const panes = createStore<Panes>()(read);
panes.subscribe(({ open, widths }) => {
  try {
    localStorage.setItem(STORED_AS, writeJson({ open, widths }));
  } catch {
    // Not remembered then.
  }
});

export function setOpen(name: SideName, isOpen: boolean): void {
  panes.setState(({ open }) => ({ open: { ...open, [name]: isOpen } }));
}

export function setWidth(name: PaneName, width: number): void {
  panes.setState(({ widths }) => ({ widths: { ...widths, [name]: boundedWidth(name, width) } }));
}

function boundedWidth(name: PaneName, width: number): number {
  const { least, usual, most } = PANE_WIDTHS[name];
  return Number.isFinite(width) ? Math.round(Math.min(most, Math.max(least, width))) : usual;
}

export interface Arrangement {
  /** `tabs`: one pane at a time, because there is no room for more. */
  mode: 'panes' | 'tabs';
  widths: Readonly<Record<PaneName, number>>;
  isOpen: Readonly<Record<SideName, boolean>>;
  /** The width of all of it. */
  total: number;
}

/** Returns how the panes fit beside a canvas into `room` pixels. Wide ones give way before the canvas does. */
export function arrange({ open, widths }: Panes, room: number): Arrangement {
  const wish = (name: PaneName) => boundedWidth(name, widths[name] ?? PANE_WIDTHS[name].usual);
  const wished = { input: wish('input'), form: wish('form'), output: wish('output') };
  const all = wished.input + wished.form + wished.output;
  const isRoomy = room - all >= CANVAS_ROOMY;
  const isOpen = { input: open.input ?? isRoomy, output: open.output ?? isRoomy };
  const mode = room - PANE_WIDTHS.form.least - 2 * CLOSED < CANVAS_LEAST ? 'tabs' : 'panes';
  if (mode === 'tabs') {
    const form = Math.max(PANE_WIDTHS.form.least, Math.min(wished.form, room - CANVAS_LEAST));
    return { mode, widths: { ...wished, form }, isOpen: { input: false, output: false }, total: form };
  }
  const shown = (name: PaneName) => name === 'form' || isOpen[name];
  const names: PaneName[] = ['output', 'input', 'form'];
  const fixed = (isOpen.input ? 0 : CLOSED) + (isOpen.output ? 0 : CLOSED);
  let excess = names.filter(shown).reduce((sum, name) => sum + wished[name], fixed) - (room - CANVAS_LEAST);
  const fitted = { ...wished };
  for (const name of names.filter(shown)) {
    const given = Math.max(0, Math.min(excess, fitted[name] - PANE_WIDTHS[name].least));
    fitted[name] -= given;
    excess -= given;
  }
  // Not even the least widths fit: one side closes.
  if (excess > 0 && isOpen.input && isOpen.output) return arrange({ open: { ...isOpen, input: false }, widths }, room);
  const total = names.filter(shown).reduce((sum, name) => sum + fitted[name], fixed);
  return { mode, widths: fitted, isOpen, total };
}

export function usePanes(): Panes {
  return useStore(panes);
}

function read(): Panes {
  let text: string | null = null;
  try {
    text = localStorage.getItem(STORED_AS);
  } catch {
    // Storage is disabled.
  }
  const stored = text === null ? null : parseJsonOr(text);
  if (!isRecord(stored)) return { open: {}, widths: {} };
  const { open, widths } = stored;
  return {
    open: isRecord(open) ? (open as Panes['open']) : {},
    widths: isRecord(widths) ? (widths as Panes['widths']) : {},
  };
}
