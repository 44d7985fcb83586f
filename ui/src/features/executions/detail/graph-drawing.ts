/** The graph for React Flow. Unchanged parts stay the same objects, so that they are not rendered again. */
import { type Edge, MarkerType } from '@xyflow/react';
import classes from './graph.module.css';
import type { Places } from './graph-layout';
import type { DrawnNode } from './graph-node';
import { texts } from './texts';
import type { GraphEdge, GraphNode } from './to-graph';

const ARROWS = { taken: 'var(--success-solid)', not_taken: 'var(--line-strong)', open: 'var(--neutral-solid)' };

export class GraphDrawing {
  private readonly drawnNodes = new Map<string, DrawnNode>();
  private readonly drawnEdges = new Map<string, { state: GraphEdge['state']; edge: Edge }>();

  constructor(private readonly places: Places) {}

  nodes(nodes: readonly GraphNode[], selected: string | null): DrawnNode[] {
    return nodes.map((node) => {
      const isSelected = node.id === selected;
      const old = this.drawnNodes.get(node.id);
      if (old?.data.drawn.node === node.node && old.selected === isSelected) return old;
      const drawn = this.drawNode(node, isSelected);
      this.drawnNodes.set(node.id, drawn);
      return drawn;
    });
  }

  edges(edges: readonly GraphEdge[]): Edge[] {
    return edges.map((edge) => {
      const old = this.drawnEdges.get(edge.id);
      if (old?.state === edge.state) return old.edge;
      const drawn = drawEdge(edge);
      this.drawnEdges.set(edge.id, { state: edge.state, edge: drawn });
      return drawn;
    });
  }

  private drawNode(drawn: GraphNode, selected: boolean): DrawnNode {
    const position = this.places.get(drawn.id) ?? { x: 0, y: 0 };
    return { id: drawn.id, type: 'flow-node', position, data: { drawn }, selected, ariaLabel: drawn.name };
  }
}

function drawEdge({ id, from, to, state, isError, isUndo, label }: GraphEdge): Edge {
  return {
    id,
    source: from,
    target: to,
    label,
    ariaLabel: `${from} → ${to}${label ? `, ${label}` : ''}: ${texts.graph.legend[state]}`,
    className: `${classes[state]} ${isError ? classes.onError : ''} ${isUndo ? classes.undo : ''}`,
    labelShowBg: true,
    labelBgPadding: [5, 3],
    labelBgBorderRadius: 5,
    markerEnd: { type: MarkerType.ArrowClosed, color: ARROWS[state], width: 14, height: 14 },
    focusable: false,
    selectable: false,
    zIndex: state === 'taken' ? 1 : 0,
  };
}
