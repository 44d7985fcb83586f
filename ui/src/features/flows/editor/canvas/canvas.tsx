import { notifications } from '@mantine/notifications';
import {
  Background,
  type Connection,
  type FinalConnectionState,
  MiniMap,
  ReactFlow,
  type ReactFlowProps,
  useReactFlow,
  type Viewport,
} from '@xyflow/react';
import '@xyflow/react/dist/base.css';
import {
  type DragEvent,
  type KeyboardEvent,
  type MouseEvent as ReactMouseEvent,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import { bodyOf } from '@/api/bodies';
import { useMay } from '@/api/use-may';
import { useTests } from '../bench/use-testing';
import { connect, takingOf } from '../document/commands';
import { closesCycle } from '../document/definition';
import { useDraft, useDraftStore } from '../document/draft-context';
import { dropOn, isLoose } from '../document/insert';
import { type CanvasItem, itemIdOf } from '../document/items';
import { type NodeType, typeKey } from '../document/node-types';
import { GRID } from '../document/positions';
import type { CanvasEdge as DrawnEdge, CanvasNode as DrawnNode } from '../document/to-canvas';
import { addNodeOfType, DRAGGED } from './add-node';
import { aimAt, aimAway } from './aim';
import classes from './canvas.module.css';
import { CanvasControls } from './canvas-controls';
import { CanvasEdge } from './canvas-edge';
import { CanvasGroup, CanvasNote, resizeByKey } from './canvas-item';
import { CanvasNode } from './canvas-node';
import { ContextMenu, type MenuPlace } from './context-menu';
import type { Asking } from './dialogs';
import { EdgeHint, useHintedEdge } from './edge-hint';
import { EmptyCanvas } from './empty-canvas';
import { type LooseEnd, QuickAdd } from './quick-add';
import { texts } from './texts';
import { TypesContext } from './types-context';
import type { CanvasActions } from './use-actions';
import { useFitOnEntry } from './use-fit-on-entry';
import { useKeptInSight } from './use-kept-in-sight';
import { FIT, FIT_NARROW } from './view';

type Drawn = DrawnNode | CanvasItem;

const nodeTypes = { 'flow-node': CanvasNode, 'canvas-note': CanvasNote, 'canvas-group': CanvasGroup };
const edgeTypes = { 'flow-edge': CanvasEdge };
const options: ReactFlowProps<Drawn, DrawnEdge> = {
  snapGrid: [GRID, GRID],
  multiSelectionKeyCode: ['Meta', 'Control', 'Shift'],
  attributionPosition: 'bottom-left',
  // What is selected takes room beside the canvas, which must not move under what is dragged.
  selectNodesOnDrag: false,
};

/** Flows with more nodes than this have a minimap. */
const MAPPED_FROM = 30;
/** The map draws in this size, whatever its frame has. */
const MAP_SIZE = { width: 180, height: 120 };

const mapClass = ({ type, selected, data }: Drawn) => {
  if (type !== 'flow-node') return classes.mapItem ?? '';
  return (selected ? classes.mapSelected : data.faults > 0 ? classes.mapFaulty : '') ?? '';
};

/** Below this zoom, small text cannot be read. */
const FAR = 0.4;

/** Up to this many nodes are always rendered: mounting dozens at once while zooming would make it stall. */
const KEPT_MAX = 400;

interface CanvasProps {
  flowId: string;
  flowName: string;
  types: readonly NodeType[];
  isNarrow: boolean;
  actions: CanvasActions;
  onAsk: (asking: Asking) => void;
}

/** The flow as an editable graph. */
export function Canvas({ flowId, flowName, types, isNarrow, actions, onAsk }: CanvasProps) {
  const store = useDraftStore();
  const nodes = useDraft((state) => state.canvas.nodes);
  const items = useDraft((state) => state.canvas.items);
  const drawn = useMemo((): Drawn[] => [...items, ...nodes], [items, nodes]);
  const edges = useDraft((state) => state.canvas.edges);
  const changeNodes = useDraft((state) => state.changeNodes);
  const changeEdges = useDraft((state) => state.changeEdges);
  const { screenToFlowPosition } = useReactFlow();
  useFitOnEntry();
  const { onMoveStart } = useKeptInSight(actions.reveal);
  const { frame, isFar, onMove } = useMoving();
  const { reveal } = actions;
  const [looseEnd, setLooseEnd] = useState<LooseEnd | null>(null);

  const join = useCallback(
    ({ source, target, sourceHandle }: Connection) =>
      store.getState().apply(connect(source, target, takingOf(sourceHandle))),
    [store],
  );
  const mayJoin = useCallback(
    ({ source, target }: Connection | DrawnEdge) => !closesCycle(store.getState().graph, source, target),
    [store],
  );
  const endConnection = useCallback((event: MouseEvent | TouchEvent, state: FinalConnectionState) => {
    const { isValid, fromNode, fromHandle, toNode } = state;
    if (toNode && isValid === false && fromNode?.id !== toNode.id) {
      notifications.show({ id: 'cycle', message: texts.canvas.cycle, color: 'orange' });
    }
    if (toNode || !fromNode || fromHandle?.type !== 'source' || !('clientX' in event)) return;
    setLooseEnd({
      from: fromNode.id,
      taking: takingOf(fromHandle.id),
      at: { x: event.clientX, y: event.clientY },
    });
  }, []);
  const enter = (id: string) => store.getState().enter([...store.getState().inside, id]);
  const finish = (type: NodeType) => {
    if (!looseEnd) return;
    const place = { at: screenToFlowPosition(looseEnd.at), edge: looseEnd };
    reveal(addNodeOfType(store, type, place), 'focus');
  };
  const drop = (event: DragEvent) => {
    const key = event.dataTransfer.getData(DRAGGED);
    const type = types.find((candidate) => typeKey(candidate) === key);
    const at = { x: event.clientX, y: event.clientY };
    const on = type?.traits.starts ? null : aimAt(at);
    aimAway();
    if (!type) return;
    event.preventDefault();
    reveal(addNodeOfType(store, type, on === null ? { at: screenToFlowPosition(at) } : { on }));
  };
  const resize = (event: KeyboardEvent) => {
    const command = resizeByKey(event, items);
    if (!command) return;
    event.preventDefault();
    event.stopPropagation();
    store.getState().apply(command, 'resize');
  };
  const menu = useContextMenu();
  const { hinted, onEdges, ...focus } = useHintedEdge();
  const testing = useTests();
  const { may } = useMay('edit_flows');
  const dragging = useDraggingOnEdges();

  return (
    // The canvas consumes pointer events, so text that is selected elsewhere must be deselected explicitly.
    // biome-ignore lint/a11y/noStaticElementInteractions: the menu key opens the menu of what has the focus inside.
    <div
      className={classes.canvas}
      ref={frame}
      data-far={isFar || undefined}
      onPointerDownCapture={() => window.getSelection()?.removeAllRanges()}
      onKeyDown={isNarrow ? undefined : menu.onKeyDown}
      onKeyDownCapture={resize}
      {...focus}
    >
      <TypesContext value={types}>
        <ReactFlow
          {...options}
          nodes={drawn}
          edges={edges}
          nodeTypes={nodeTypes}
          edgeTypes={edgeTypes}
          onNodesChange={changeNodes}
          onEdgesChange={changeEdges}
          onConnect={join}
          onConnectEnd={endConnection}
          isValidConnection={mayJoin}
          onNodeClick={(_, { id, type }) => !isNarrow && type === 'flow-node' && reveal(id)}
          onNodeDoubleClick={(_, { id, type, data }) => type === 'flow-node' && bodyOf(data.node) && enter(id)}
          onMoveStart={onMoveStart}
          onMove={onMove}
          zoomOnDoubleClick={false}
          onDrop={drop}
          onDragOver={(event) => {
            if (!event.dataTransfer.types.includes(DRAGGED)) return;
            event.preventDefault();
            aimAt({ x: event.clientX, y: event.clientY });
          }}
          onDragLeave={aimAway}
          {...dragging}
          {...onEdges}
          {...(!isNarrow && menu.handlers)}
          nodesDraggable={!isNarrow}
          nodesConnectable={!isNarrow}
          deleteKeyCode={null}
          minZoom={0.1}
          maxZoom={1.75}
          fitView
          fitViewOptions={isNarrow ? FIT_NARROW : FIT}
          snapToGrid
          onlyRenderVisibleElements={nodes.length > KEPT_MAX}
          aria-label={texts.canvas.label}
        >
          <Background gap={20} size={1.4} />
          <CanvasControls flowName={flowName} canvas={actions} />
          {nodes.length > MAPPED_FROM && !isNarrow && (
            <MiniMap
              position="bottom-left"
              pannable
              zoomable
              className={classes.map}
              style={MAP_SIZE}
              nodeClassName={mapClass}
              ariaLabel={texts.canvas.map}
            />
          )}
        </ReactFlow>
      </TypesContext>
      {!menu.place && <EdgeHint flow={flowId} hinted={hinted} />}
      {menu.place && (
        <ContextMenu
          place={menu.place}
          actions={actions}
          testing={may ? testing : null}
          onAsk={onAsk}
          onClose={menu.close}
        />
      )}
      {looseEnd && <QuickAdd end={looseEnd} types={types} onChoose={finish} onClose={() => setLooseEnd(null)} />}
      {drawn.length === 0 && <EmptyCanvas types={types} />}
    </div>
  );
}

/** So long after the last move the canvas rests. Who holds it still has no end of a move, nor has who moves it back. */
const REST_MS = 150;

/**
 * Marks the canvas while it is moved, so that it is drawn once and then only shifted: see its styles. Whether it is far away is
 * known when it rests.
 */
function useMoving() {
  const frame = useRef<HTMLDivElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const [isFar, setFar] = useState(false);
  useEffect(() => () => clearTimeout(timer.current), []);
  const onMove = useCallback((_: unknown, { zoom }: Viewport) => {
    frame.current?.setAttribute('data-moving', '');
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      frame.current?.removeAttribute('data-moving');
      setFar(zoom < FAR);
    }, REST_MS);
  }, []);
  return { frame, isFar, onMove };
}

type Handlers = ReactFlowProps<Drawn, DrawnEdge>;

/** Puts a node without edges into the edge that it is dropped on. */
function useDraggingOnEdges(): Pick<Handlers, 'onNodeDragStart' | 'onNodeDrag' | 'onNodeDragStop'> {
  const store = useDraftStore();
  const loose = useRef(false);
  return {
    onNodeDragStart: (_, { id }, nodes) => {
      loose.current = nodes.length === 1 && itemIdOf(id) === null && isLoose(store.getState().graph, id);
    },
    onNodeDrag: (event) => {
      if (loose.current) aimAt(...pointsOf(event));
    },
    onNodeDragStop: (event, { id }) => {
      const on = loose.current ? aimAt(...pointsOf(event)) : null;
      aimAway();
      if (on === null) return;
      store.getState().apply(dropOn(on, id));
      store.getState().select({ nodes: [id] });
    },
  };
}

/** The pointer, and the middle of the node that it drags. */
function pointsOf(event: ReactMouseEvent | MouseEvent | TouchEvent) {
  const { clientX: x, clientY: y } =
    'touches' in event ? (event.changedTouches[0] ?? { clientX: -1, clientY: -1 }) : event;
  const node = document
    .elementsFromPoint(x, y)
    .find((element) => element.matches('.react-flow__node.dragging, .react-flow__node'));
  const box = node?.getBoundingClientRect();
  return box
    ? [
        { x, y },
        { x: box.x + box.width / 2, y: box.y + box.height / 2 },
      ]
    : [{ x, y }];
}

/** Opens the menu of what is clicked with the right button, or has the focus when the menu key is pressed; selects it first. */
function useContextMenu() {
  const store = useDraftStore();
  const { screenToFlowPosition } = useReactFlow();
  const [place, setPlace] = useState<MenuPlace | null>(null);
  const open = (x: number, y: number) => setPlace({ at: { x, y }, onCanvas: screenToFlowPosition({ x, y }) });
  const choose = (kind: 'nodes' | 'edges', drawn: string) => {
    const { selection, select } = store.getState();
    const item = kind === 'nodes' ? itemIdOf(drawn) : null;
    const [list, id] = item === null ? [kind, drawn] : (['items', item] as const);
    if (!selection[list]?.includes(id)) select({ [list]: [id] });
  };
  const show = (event: ReactMouseEvent | MouseEvent) => {
    event.preventDefault();
    open(event.clientX, event.clientY);
  };
  const handlers: Pick<
    Handlers,
    'onPaneContextMenu' | 'onNodeContextMenu' | 'onEdgeContextMenu' | 'onSelectionContextMenu'
  > = {
    onPaneContextMenu: (event) => {
      store.getState().select({});
      show(event);
    },
    onNodeContextMenu: (event, { id }) => {
      choose('nodes', id);
      show(event);
    },
    onEdgeContextMenu: (event, { id, selectable }) => {
      if (selectable !== false) choose('edges', id);
      show(event);
    },
    onSelectionContextMenu: show,
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'ContextMenu' && !(event.key === 'F10' && event.shiftKey)) return;
    if (!(event.target instanceof Element)) return;
    const focused = event.target.closest('.react-flow__node, .react-flow__edge');
    const id = focused?.getAttribute('data-id');
    if (id) choose(focused?.matches('.react-flow__node') ? 'nodes' : 'edges', id);
    event.preventDefault();
    const { x, y, width, height } = (focused ?? event.currentTarget).getBoundingClientRect();
    open(x + width / 2, y + height / 2);
  };
  return { place, close: () => setPlace(null), handlers, onKeyDown };
}
