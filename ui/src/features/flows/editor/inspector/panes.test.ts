// @vitest-environment happy-dom
import { expect, it } from 'vitest';
import { arrange } from './panes';

const NOTHING = { open: {}, widths: {} };
const BOTH = { open: { input: true, output: true }, widths: {} };

it('opens all three panes by itself where the canvas keeps its room', () => {
  expect(arrange(NOTHING, 1_600).isOpen).toEqual({ input: true, output: true });
  expect(arrange(NOTHING, 1_028).isOpen).toEqual({ input: false, output: false });
});

it('fits wide panes beside the canvas, and closes one before the canvas is too small', () => {
  expect(arrange(BOTH, 1_028)).toMatchObject({ mode: 'panes', isOpen: BOTH.open });
  expect(arrange(BOTH, 1_028).total).toBeLessThanOrEqual(1_028 - 240);
  const wide = { ...BOTH, widths: { input: 500, form: 600, output: 600 } };
  expect(arrange(wide, 1_028).total).toBe(1_028 - 240);
  expect(arrange(BOTH, 860)).toMatchObject({ isOpen: { input: false, output: true } });
});

it('shows one pane at a time where there is no room for more', () => {
  expect(arrange(BOTH, 560)).toMatchObject({ mode: 'tabs', isOpen: { input: false, output: false } });
});

it('ignores widths that no pane can have', () => {
  const { widths } = arrange({ open: {}, widths: { form: Number.NaN, input: 9_999 } }, 2_000);
  expect(widths).toMatchObject({ form: 324, input: 520 });
});
