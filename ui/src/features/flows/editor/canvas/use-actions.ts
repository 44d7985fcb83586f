import { notifications } from '@mantine/notifications';
import { useReactFlow, useStoreApi } from '@xyflow/react';
import { useMemo } from 'react';
import { align, distribute, type Line } from '../document/arrange';
import { branchOf } from '../document/definition';
import { useDraftStore } from '../document/draft-context';
import type { DraftStore } from '../document/draft-store';
import type { ItemKind } from '../document/items';
import { layout } from '../document/layout';
import type { Point } from '../document/positions';
import { addItemAt, selectDrawn } from './add-item';
import { texts } from './texts';
import { useReveal } from './use-reveal';
import { fitHere } from './view';

export type CanvasActions = ReturnType<typeof useCanvasActions>;

/** What menus, keys and the palette do on the canvas. */
export function useCanvasActions() {
  const store = useDraftStore();
  const reveal = useReveal();
  const { fitView, screenToFlowPosition } = useReactFlow();
  const canvas = useStoreApi();
  return useMemo(() => {
    const state = store.getState;
    return {
      copy: async () => {
        const text = state().copy();
        if (text && !(await wasCopied(text)))
          notifications.show({ id: 'clipboard', message: texts.clipboard.copyByKey });
      },
      paste: async (at?: Point) => {
        const text = await textInClipboard();
        if (text === null) notifications.show({ id: 'clipboard', message: texts.clipboard.pasteByKey });
        else if (!pasteText(store, text, at)) notifications.show({ id: 'clipboard', message: texts.clipboard.nothing });
      },
      duplicate: () => void state().paste(state().copy()),
      remove: () => state().deleteSelected(),
      selectAll: () => state().selectAll(),
      selectBranch: (id: string) => state().select({ nodes: [...branchOf(state().graph, id)] }),
      align: (line: Line) => state().apply(align(state().selection.nodes, line)),
      distribute: (axis: 'x' | 'y') => state().apply(distribute(state().selection.nodes, axis)),
      layOut: async () => {
        state().apply(await layout(state().graph));
        requestAnimationFrame(() => void fitView({ ...fitHere(), duration: 200 }));
      },
      /** Adds a note or a group: at a point, else in the middle of what is seen. */
      addItem: (kind: ItemKind, at?: Point) => {
        const { width, height, domNode } = canvas.getState();
        const box = domNode?.getBoundingClientRect();
        const middle = { x: (box?.x ?? 0) + width / 2, y: (box?.y ?? 0) + height / 2 };
        addItemAt(store, kind, at ?? screenToFlowPosition(middle));
      },
      selectDrawn: (drawn: readonly string[]) => selectDrawn(store, drawn),
      fit: () => void fitView(fitHere()),
      reveal,
    };
  }, [store, canvas, reveal, fitView, screenToFlowPosition]);
}

/** Pastes copied nodes, and says what was left out. Returns whether the text is JSON at all. */
export function pasteText(store: DraftStore, text: string, at?: Point): boolean {
  const reading = store.getState().paste(text, at);
  if (!reading) return false;
  const message = 'fault' in reading ? texts.clipboard.fault(reading.fault) : texts.clipboard.leftOut(reading.leftOut);
  if (message) notifications.show({ id: 'clipboard', message, color: 'orange' });
  return true;
}

/** Without a secure connection, browsers give pages no clipboard; keys work everywhere. */
async function wasCopied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

async function textInClipboard(): Promise<string | null> {
  try {
    return await navigator.clipboard.readText();
  } catch {
    return null;
  }
}
