import { notifications } from '@mantine/notifications';
import {
  Background,
  type Connection,
  type FinalConnectionState,
  MiniMap,
  ReactFlow,
  type ReactFlowProps,
  useReactFlow,
} from '@xyflow/react';
import '@xyflow/react/dist/base.css';
import { type DragEvent, useCallback, useState } from 'react';
import { bodyOf } from '@/api/bodies';
import { connect, takingOf } from '../document/commands';
import { closesCycle } from '../document/definition';
import { useDraft, useDraftStore } from '../document/draft-context';
import { type NodeType, typeKey } from '../document/node-types';
import { GRID } from '../document/positions';
import type { CanvasEdge as DrawnEdge, CanvasNode as DrawnNode } from '../document/to-canvas';
import { addNodeOfType, DRAGGED } from './add-node';
import classes from './canvas.module.css';
import { CanvasControls } from './canvas-controls';
import { CanvasEdge } from './canvas-edge';
import { CanvasNode } from './canvas-node';
import { EmptyCanvas } from './empty-canvas';
import { type LooseEnd, QuickAdd } from './quick-add';
import { texts } from './texts';
import { TypesContext } from './types-context';
import { useFitOnEntry } from './use-fit-on-entry';
import { useReveal } from './use-reveal';
import { FIT, FIT_NARROW } from './view';

const nodeTypes = { 'flow-node': CanvasNode };
const edgeTypes = { 'flow-edge': CanvasEdge };
const options: ReactFlowProps<DrawnNode, DrawnEdge> = {
  snapGrid: [GRID, GRID],
  multiSelectionKeyCode: ['Meta', 'Control', 'Shift'],
  attributionPosition: 'bottom-left',
};

/** Flows with more nodes than this have a minimap. */
const MAPPED_FROM = 30;
/** Up to this many nodes are always rendered: mounting dozens at once while zooming would make it stall. */
const KEPT_MAX = 400;

interface CanvasProps {
  flowName: string;
  types: readonly NodeType[];
  isNarrow: boolean;
}

/** The flow as an editable graph. */
export function Canvas({ flowName, types, isNarrow }: CanvasProps) {
  const store = useDraftStore();
  const nodes = useDraft((state) => state.canvas.nodes);
  const edges = useDraft((state) => state.canvas.edges);
  const changeNodes = useDraft((state) => state.changeNodes);
  const changeEdges = useDraft((state) => state.changeEdges);
  const { screenToFlowPosition } = useReactFlow();
  useFitOnEntry();
  const reveal = useReveal();
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
    if (looseEnd) reveal(addNodeOfType(store, type, screenToFlowPosition(looseEnd.at), looseEnd));
  };
  const drop = (event: DragEvent) => {
    const key = event.dataTransfer.getData(DRAGGED);
    const type = types.find((candidate) => typeKey(candidate) === key);
    if (!type) return;
    event.preventDefault();
    reveal(addNodeOfType(store, type, screenToFlowPosition({ x: event.clientX, y: event.clientY })));
  };

  return (
    // The canvas consumes pointer events, so text that is selected elsewhere must be deselected explicitly.
    <div className={classes.canvas} onPointerDownCapture={() => window.getSelection()?.removeAllRanges()}>
      <TypesContext value={types}>
        <ReactFlow
          {...options}
          nodes={nodes}
          edges={edges}
          nodeTypes={nodeTypes}
          edgeTypes={edgeTypes}
          onNodesChange={changeNodes}
          onEdgesChange={changeEdges}
          onConnect={join}
          onConnectEnd={endConnection}
          isValidConnection={mayJoin}
          onNodeClick={(_, { id }) => !isNarrow && reveal(id)}
          onNodeDoubleClick={(_, { id, data }) => bodyOf(data.node) && enter(id)}
          zoomOnDoubleClick={false}
          onDrop={drop}
          onDragOver={(event) => {
            if (event.dataTransfer.types.includes(DRAGGED)) event.preventDefault();
          }}
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
          <CanvasControls flowName={flowName} />
          {nodes.length > MAPPED_FROM && !isNarrow && (
            <MiniMap position="bottom-left" pannable zoomable className={classes.map} />
          )}
        </ReactFlow>
      </TypesContext>
      {looseEnd && <QuickAdd end={looseEnd} types={types} onChoose={finish} onClose={() => setLooseEnd(null)} />}
      {nodes.length === 0 && <EmptyCanvas types={types} />}
    </div>
  );
}
