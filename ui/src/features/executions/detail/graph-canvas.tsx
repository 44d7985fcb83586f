import { Background, type Edge, ReactFlow, type ReactFlowProps } from '@xyflow/react';
import '@xyflow/react/dist/base.css';
import { useMemo, useState } from 'react';
import classes from './graph.module.css';
import { GraphControls } from './graph-controls';
import { GraphDrawing } from './graph-drawing';
import { fitsFrame, placesOf } from './graph-layout';
import { type DrawnNode, GraphNodeView } from './graph-node';
import { GraphReveal } from './graph-reveal';
import { texts } from './texts';
import type { Graph } from './to-graph';

interface GraphCanvasProps {
  graph: Graph;
  selected: string | null;
  chosen: string | null;
  onSelect: (nodeId: string) => void;
  /** Whether it fills the window: then all of it is shown. */
  isLarge: boolean;
}

const nodeTypes = { 'flow-node': GraphNodeView };

/** A read-only graph; the mouse wheel scrolls the page, so that the graph does not trap it. */
const reading: ReactFlowProps<DrawnNode, Edge> = {
  nodesDraggable: false,
  nodesConnectable: false,
  edgesFocusable: false,
  deleteKeyCode: null,
  zoomOnScroll: false,
  preventScrolling: false,
  minZoom: 0.1,
  maxZoom: 1.6,
  fitViewOptions: { padding: 0.08, minZoom: 0.5, maxZoom: 1 },
};

export function GraphCanvas({ graph, selected, chosen, onSelect, isLarge }: GraphCanvasProps) {
  // Statuses change, positions do not: the flow version is fixed.
  const [places] = useState(() => placesOf(graph));
  const [first] = useState(selected);
  const isSmall = isLarge || fitsFrame(places);
  const [drawing] = useState(() => new GraphDrawing(places));
  const nodes = useMemo(() => drawing.nodes(graph.nodes, selected), [drawing, graph.nodes, selected]);
  const edges = useMemo(() => drawing.edges(graph.edges), [drawing, graph.edges]);
  return (
    <section className={classes.canvas} aria-label={texts.graph.label}>
      <ReactFlow
        {...reading}
        fitView={isSmall}
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        onlyRenderVisibleElements={nodes.length > 100}
        onNodeClick={(_, node) => onSelect(node.id)}
        onNodesChange={(changes) => {
          const change = changes.find((candidate) => candidate.type === 'select' && candidate.selected);
          if (change && 'id' in change && change.id !== selected) onSelect(change.id);
        }}
      >
        <Background gap={20} size={1} />
        <GraphControls />
        {!isSmall && <GraphReveal place={places.get(chosen ?? first ?? '')} />}
      </ReactFlow>
    </section>
  );
}
