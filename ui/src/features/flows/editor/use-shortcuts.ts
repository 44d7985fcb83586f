import { useHotkeys, useWindowEvent } from '@mantine/hooks';
import { bodyOf } from '@/api/bodies';
import { useMay } from '@/api/use-may';
import type { ChainKind } from './bench/chain';
import type { Testing } from './bench/use-testing';
import type { Asking } from './canvas/dialogs';
import { type CanvasActions, pasteText } from './canvas/use-actions';
import { nodeById } from './document/definition';
import { useDraftStore } from './document/draft-context';

/** Elements that handle keys themselves. */
const ELSEWHERE = 'input, textarea, select, [contenteditable="true"], [role="dialog"], [data-inspector]';

function isElsewhere(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest(ELSEWHERE) !== null;
}

interface Shortcuts {
  actions: CanvasActions;
  testing: Testing;
  onSave: () => void;
  onSaveWithNote: () => void;
  onRun: () => void;
  onAsk: (asking: Asking) => void;
}

/** The keyboard shortcuts of the editor. Saving works in every field. */
export function useShortcuts({ actions, testing, onSave, onSaveWithNote, onRun, onAsk }: Shortcuts): void {
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
    const { nodes, edges, items = [] } = selection;
    if (nodes.length + edges.length + items.length > 0) select({});
    else leave();
  };
  const open = (event: KeyboardEvent) => {
    const { selection, graph, inside, enter } = state();
    const [id] = selection.nodes;
    const isOnNode = event.target instanceof Element && event.target.matches('body, .react-flow__node');
    const node = selection.nodes.length === 1 && id !== undefined ? nodeById(graph, id) : undefined;
    if (isOnNode && node && bodyOf(node)) enter([...inside, node.id]);
  };
  const selectBranch = () => {
    const { nodes } = state().selection;
    if (nodes.length === 1 && nodes[0] !== undefined) actions.selectBranch(nodes[0]);
  };
  const { may } = useMay('edit_flows');
  const test = (kind: ChainKind) => () => {
    const { nodes } = state().selection;
    if (may && nodes.length === 1 && nodes[0] !== undefined) testing.start(nodes[0], kind);
  };
  useHotkeys(
    [
      ['mod+S', onSave],
      ['mod+shift+S', onSaveWithNote],
    ],
    [],
    true,
  );
  useHotkeys([
    ['mod+Z', onCanvas(() => state().undo())],
    ['mod+shift+Z', onCanvas(() => state().redo())],
    ['mod+Y', onCanvas(() => state().redo())],
    ['mod+A', onCanvas(() => state().selectAll())],
    ['mod+D', onCanvas(actions.duplicate)],
    ['Delete', remove, { preventDefault: false }],
    ['Backspace', remove, { preventDefault: false }],
    ['mod+Enter', onCanvas(onRun)],
    ['A', onCanvas(() => onAsk({ kind: 'add' }))],
    ['G', onCanvas(() => onAsk({ kind: 'go' }))],
    ['B', onCanvas(selectBranch)],
    ['N', onCanvas(() => actions.addItem('note'))],
    ['shift+G', onCanvas(() => actions.addItem('group'))],
    ['F', onCanvas(actions.fit)],
    ['T', onCanvas(test('one'))],
    ['U', onCanvas(test('upTo'))],
    ['R', onCanvas(test('from'))],
    ['shift+L', onCanvas(() => void actions.layOut())],
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
    if (pasteText(store, event.clipboardData?.getData('text/plain') ?? '')) event.preventDefault();
  });
}
