/** The draft of one flow: its documents so far, what is selected, and what the canvas shows of it. */
import { applyNodeChanges, type EdgeChange, type NodeChange } from '@xyflow/react';
import { createStore } from 'zustand/vanilla';
import type { Flow, FlowDefinition } from '@/api/types';
import { isSameJson } from '@/lib/json';
import { droppedBy, pickedBy, stillThere } from './canvas-changes';
import { copySelection, paste, type Reading, readClipboard } from './clipboard';
import { type Command, deleteSelection, moveDrawn, type Selection } from './commands';
import { idsOf } from './definition';
import type { Findings } from './faults';
import { FLOW, graphAt, type Inside, isSameGraph, reachable, withGraph } from './inside';
import { type CanvasItem, carriedBy, isOfItem, itemsOf, partedChanges } from './items';
import type { Point } from './positions';
import { type Canvas, type CanvasEdge, type CanvasNode, mergeCanvas, toCanvas } from './to-canvas';

type Checking = 'waiting' | 'checking' | 'checked' | 'unreachable';

export interface DraftState extends Findings {
  /** What is saved, and as which version. */
  saved: FlowDefinition;
  version: number;
  /** The entity tag of the flow that the draft was made from or saved as. */
  etag: string | undefined;
  /** A version that was saved elsewhere while this draft has unsaved changes. */
  conflict: Flow | null;
  past: readonly Step[];
  present: FlowDefinition;
  future: readonly Step[];
  /** The nodes whose bodies lead to the graph on the canvas, from the outermost on. */
  inside: Inside;
  /** The graph on the canvas: a part of `present`. */
  graph: FlowDefinition;
  selection: Selection;
  checking: Checking;
  /** The document that was checked last. */
  checkedOf: FlowDefinition | null;
  canvas: Canvas;
  /** Why the text in the JSON pane is not valid; `null` when it is. */
  jsonFault: string | null;
  /** The key of the last command: commands with the same key are undone together, such as keystrokes in one field. */
  undoKey: string | null;

  /** Applies a command to the graph on the canvas. Consecutive commands with the same `undoKey` are undone together. */
  apply(command: Command, undoKey?: string): void;
  /** Replaces the whole document. */
  replace(definition: FlowDefinition, undoKey: string): void;
  /** Shows the graph inside these nodes. */
  enter(inside: Inside): void;
  /** Shows the graph around the one on the canvas. */
  leave(): void;
  undo(): void;
  redo(): void;
  select(selection: Partial<Selection>): void;
  selectAll(): void;
  deleteSelected(): void;
  copy(): string;
  /** Pastes copied nodes, at a point or next to their originals. Returns what came of it; `null` when the text is no JSON. */
  paste(text: string, at?: Point): Reading | null;
  /** Handles changes of nodes, notes and groups. */
  changeNodes(changes: NodeChange[]): void;
  changeEdges(changes: EdgeChange<CanvasEdge>[]): void;
  /** Records what was found in a document. */
  setFindings(findings: Findings, of?: FlowDefinition): void;
  setChecking(checking: Checking): void;
  setJsonFault(fault: string | null): void;
  /** Handles a newer state of the flow on the server. */
  receive(flow: Flow): void;
  /** Records that `definition` was saved as `flow`. */
  saveDone(flow: Flow, definition: FlowDefinition): void;
  /** Replaces the draft by `flow`. */
  reset(flow: Flow): void;
  /** Keeps the draft; its next save will follow the conflicting version. */
  keepMine(): void;
}

/** A document before or after a command, and the graph that the command changed. */
interface Step {
  document: FlowDefinition;
  inside: Inside;
}

const HISTORY_MAX = 200;
const NOTHING = { nodes: [], edges: [], items: [] } as const satisfies Selection;
const NO_FINDINGS: Findings = { faults: [], warnings: [] };

export type DraftStore = ReturnType<typeof createDraftStore>;

export function isDirty(state: DraftState): boolean {
  return state.present !== state.saved;
}

/** A draft that is opened again. */
interface Opened {
  definition: FlowDefinition;
  baseVersion: number;
}

/** Makes the draft of a flow: as it is saved, or as somebody left it. */
export function createDraftStore(flow: Flow, opened: Opened | null = null) {
  const saved = definitionOf(flow);
  const start = opened && !isSameJson(opened.definition, saved) ? opened.definition : saved;
  // It was begun from an older version, and another one was saved since.
  const isBehind = start !== saved && opened !== null && opened.baseVersion < flow.version;
  return createStore<DraftState>()((set, get) => {
    /** Switches to a document; what it no longer contains is left and deselected. */
    const show = (present: FlowDefinition, rest: Partial<DraftState> = {}) =>
      set((state) => {
        const inside = reachable(present, rest.inside ?? state.inside);
        const isHere = isSameGraph(inside, state.inside);
        const isSame = isHere && present === state.present;
        const graph = isSame ? state.graph : (graphAt(present, inside) ?? present);
        const selection = stillThere(rest.selection ?? (isHere ? state.selection : NOTHING), graph);
        const jsonFault = present === state.present ? state.jsonFault : null;
        const canvas = redraw(state, { graph, inside, selection });
        return { ...rest, present, inside, graph, selection, jsonFault, canvas };
      });
    /** Makes a document the present one, so that the change can be undone where it was made. */
    const change = (next: FlowDefinition, inside: Inside, undoKey?: string) => {
      const { past, present, undoKey: last } = get();
      if (next === present) return;
      const joins = undoKey !== undefined && undoKey === last && past.length > 0;
      show(next, {
        inside,
        past: joins ? past : [...past.slice(1 - HISTORY_MAX), { document: present, inside }],
        future: [],
        undoKey: undoKey ?? null,
      });
    };

    return {
      saved,
      version: isBehind ? opened.baseVersion : flow.version,
      etag: flow.etag,
      conflict: isBehind ? flow : null,
      past: [],
      present: start,
      future: [],
      inside: FLOW,
      graph: start,
      selection: NOTHING,
      faults: [],
      warnings: [],
      checking: 'waiting',
      checkedOf: null,
      canvas: toCanvas(start, NO_FINDINGS, NOTHING),
      jsonFault: null,
      undoKey: null,

      apply: (command, undoKey) => {
        const { present, graph, inside } = get();
        const next = command(graph, idsOf(present));
        if (next !== graph) change(withGraph(present, inside, next), inside, undoKey);
      },
      replace: (definition, undoKey) => change(definition, get().inside, undoKey),
      enter: (inside) => show(get().present, { inside, undoKey: null }),
      leave: () => {
        const { inside, enter, select } = get();
        const from = inside.at(-1);
        if (from === undefined) return;
        enter(inside.slice(0, -1));
        select({ nodes: [from] });
      },
      undo: () => {
        const { past, present, future } = get();
        const step = past.at(-1);
        if (!step) return;
        const back = { document: present, inside: step.inside };
        show(step.document, { inside: step.inside, past: past.slice(0, -1), future: [back, ...future], undoKey: null });
      },
      redo: () => {
        const { past, present, future } = get();
        const step = future[0];
        if (!step) return;
        const back = { document: present, inside: step.inside };
        show(step.document, { inside: step.inside, past: [...past, back], future: future.slice(1), undoKey: null });
      },
      select: (selection) => {
        const { present } = get();
        show(present, { selection: { ...NOTHING, ...selection }, undoKey: null });
      },
      selectAll: () => {
        const { graph, select } = get();
        select({ nodes: graph.nodes.map(({ id }) => id), items: itemsOf(graph).map(({ id }) => id) });
      },
      deleteSelected: () => get().apply(deleteSelection(get().selection)),
      copy: () => copySelection(get().graph, get().selection),
      paste: (text, at) => {
        const reading = readClipboard(text, get().inside.length > 0);
        if (!reading || 'fault' in reading) return reading;
        const { command, ids } = paste(idsOf(get().present), reading.copied, at);
        const before = new Set(itemsOf(get().graph).map(({ id }) => id));
        get().apply(command);
        const items = itemsOf(get().graph).flatMap(({ id }) => (before.has(id) ? [] : [id]));
        get().select({ nodes: ids, items });
        return reading;
      },
      changeNodes: (changes) => {
        const { canvas, selection, graph } = get();
        const wasDragged = [...canvas.nodes, ...canvas.items].some(({ dragging }) => dragging);
        const all = [...changes, ...carriedBy(changes, graph)];
        const shown = all.filter((change) => change.type === 'dimensions' || change.type === 'position');
        if (shown.length > 0) set({ canvas: moved(canvas, shown) });
        const [ofNodes, ofItems] = partedChanges(changes);
        const nodes = pickedBy(ofNodes, selection.nodes);
        const items = pickedBy(ofItems, selection.items ?? NOTHING.items);
        if (nodes !== selection.nodes || items !== (selection.items ?? NOTHING.items)) {
          get().select({ ...selection, nodes, items });
        }
        const dropped = droppedBy(all);
        if (dropped.size > 0) get().apply(moveDrawn(dropped), wasDragged ? undefined : 'nudge');
      },
      changeEdges: (changes) => {
        const { selection } = get();
        const edges = pickedBy(changes, selection.edges);
        if (edges !== selection.edges) get().select({ ...selection, edges });
      },
      setFindings: (findings, of = get().present) =>
        set((state) => ({ ...findings, checking: 'checked', checkedOf: of, canvas: redraw(state, findings) })),
      setChecking: (checking) => set({ checking }),
      setJsonFault: (jsonFault) => set({ jsonFault }),
      receive: (received) => {
        const state = get();
        if (received.version < state.version) return;
        // Without a new version, only the status can have changed.
        if (received.version === state.version) return set({ etag: received.etag });
        const theirs = definitionOf(received);
        // Only settings changed, or the draft has the same graph.
        if (isSameJson(theirs, state.present)) state.saveDone(received, state.present);
        else if (isSameJson(theirs, state.saved)) state.saveDone(received, state.saved);
        else if (!isDirty(state)) state.reset(received);
        else set({ conflict: received });
      },
      saveDone: (saved, definition) =>
        set({ saved: definition, version: saved.version, etag: saved.etag, conflict: null }),
      reset: (to) => {
        const definition = definitionOf(to);
        set({ saved: definition, version: to.version, etag: to.etag, conflict: null, jsonFault: null });
        show(definition, { past: [], future: [], undoKey: null });
      },
      keepMine: () => {
        const { conflict } = get();
        if (conflict) get().saveDone(conflict, definitionOf(conflict));
      },
    };
  });
}

export function definitionOf(flow: Flow): FlowDefinition {
  return { ...flow.flow_definition, edges: flow.flow_definition.edges ?? [] };
}

function moved(canvas: Canvas, changes: NodeChange[]): Canvas {
  const [ofNodes, ofItems] = [changes.filter((change) => !isOfItem(change)), changes.filter(isOfItem)];
  return {
    ...canvas,
    nodes: applyNodeChanges(ofNodes as NodeChange<CanvasNode>[], canvas.nodes),
    items: ofItems.length === 0 ? canvas.items : applyNodeChanges(ofItems as NodeChange<CanvasItem>[], canvas.items),
  };
}

type Shown = Pick<DraftState, 'graph' | 'inside' | 'faults' | 'warnings' | 'selection'>;

function redraw(state: DraftState, change: Partial<Shown>): Canvas {
  const { graph, inside, selection, ...findings } = { ...state, ...change };
  return mergeCanvas(state.canvas, toCanvas(graph, findings, selection, inside));
}
