import { useHotkeys, useWindowEvent } from '@mantine/hooks';
import { bodyOf } from '@/api/bodies';
import { focusPalette } from './canvas/palette';
import { nodeById } from './document/definition';
import { useDraftStore } from './document/draft-context';

/** Elements that handle keys themselves. */
const ELSEWHERE = 'input, textarea, select, [contenteditable="true"], [role="dialog"], [data-inspector]';

function isElsewhere(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest(ELSEWHERE) !== null;
}

/** The keyboard shortcuts of the editor. Saving works in every field. */
export function useShortcuts(onSave: () => void): void {
  const store = useDraftStore();
  const state = () => store.getState();
  /** Menus and dialogs above the canvas handle their keys themselves. */
  const onCanvas = (act: () => void) => (event: KeyboardEvent) => {
    if (!(event.target instanceof Element && event.target.closest('[role="dialog"], [role="menu"]'))) act();
  };
  const remove = (event: KeyboardEvent) => {
    if (!isElsewhere(event.target)) state().deleteSelected();
  };
  const stepBack = () => {
    const { selection, select, leave } = state();
    if (selection.nodes.length + selection.edges.length > 0) select({});
    else leave();
  };
  const open = (event: KeyboardEvent) => {
    const { selection, graph, inside, enter } = state();
    const [id] = selection.nodes;
    const isOnNode = event.target instanceof Element && event.target.matches('body, .react-flow__node');
    const node = selection.nodes.length === 1 && id !== undefined ? nodeById(graph, id) : undefined;
    if (isOnNode && node && bodyOf(node)) enter([...inside, node.id]);
  };
  useHotkeys([['mod+S', onSave]], [], true);
  useHotkeys([
    ['mod+Z', onCanvas(() => state().undo())],
    ['mod+shift+Z', onCanvas(() => state().redo())],
    ['mod+Y', onCanvas(() => state().redo())],
    ['mod+A', onCanvas(() => state().selectAll())],
    ['mod+D', onCanvas(() => state().paste(state().copy()))],
    ['Delete', remove, { preventDefault: false }],
    ['Backspace', remove, { preventDefault: false }],
    ['A', onCanvas(focusPalette)],
    ['Escape', onCanvas(stepBack), { preventDefault: false }],
    ['Enter', open, { preventDefault: false }],
  ]);

  const copy = (event: ClipboardEvent) => {
    // Selected text is copied as usual, wherever it is.
    if (isElsewhere(event.target) || window.getSelection()?.toString()) return;
    const text = state().copy();
    if (!text) return;
    event.clipboardData?.setData('text/plain', text);
    event.preventDefault();
    if (event.type === 'cut') state().deleteSelected();
  };
  useWindowEvent('copy', copy);
  useWindowEvent('cut', copy);
  useWindowEvent('paste', (event) => {
    if (isElsewhere(event.target)) return;
    if (state().paste(event.clipboardData?.getData('text/plain') ?? '')) event.preventDefault();
  });
}
