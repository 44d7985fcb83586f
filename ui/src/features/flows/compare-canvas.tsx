import {
  Background,
  BaseEdge,
  EdgeLabelRenderer,
  type EdgeProps,
  getBezierPath,
  Handle,
  type NodeProps,
  Position,
  ReactFlow,
} from '@xyflow/react';
import '@xyflow/react/dist/base.css';
import { createContext, memo, useContext, useMemo } from 'react';
import { CHANGE_LOOKS, type ChangeKind } from '@/components/changes';
import { texts as common } from '@/lib/texts';
import classes from './compare.module.css';
import type { Comparison } from './compare-graph';
import { lookOf } from './editor/canvas/node-looks';
import { nameOf } from './editor/document/definition';
import type { CanvasEdge, CanvasNode } from './editor/document/to-canvas';
import { texts } from './texts';

const ChangesContext = createContext<ReadonlyMap<string, ChangeKind>>(new Map());

const nodeTypes = { 'flow-node': ComparedNode };
const edgeTypes = { 'flow-edge': ComparedEdge };

/** Both versions on one canvas, to look at. */
export function CompareCanvas({ canvas, changes }: Comparison) {
  const drawn = useMemo(
    () => ({
      nodes: canvas.nodes.map((node) => {
        const kind = changes.get(node.id);
        return { ...node, ariaLabel: [node.ariaLabel, kind && common.changes.kinds[kind]].filter(Boolean).join(', ') };
      }),
      // All edges start from one dot: what their handles were is in their labels.
      edges: canvas.edges.map(({ sourceHandle, ...edge }) => ({
        ...edge,
        sourceHandle: sourceHandle === 'error' ? 'error' : 'out',
      })),
    }),
    [canvas, changes],
  );
  return (
    <ChangesContext value={changes}>
      <ReactFlow
        nodes={drawn.nodes}
        edges={drawn.edges}
        nodeTypes={nodeTypes}
        edgeTypes={edgeTypes}
        nodesDraggable={false}
        nodesConnectable={false}
        edgesFocusable={false}
        elementsSelectable={false}
        deleteKeyCode={null}
        minZoom={0.1}
        maxZoom={1.75}
        fitView
        fitViewOptions={{ maxZoom: 1, padding: 0.12 }}
        aria-label={texts.compare.canvas}
      >
        <Background gap={20} size={1.4} />
      </ReactFlow>
    </ChangesContext>
  );
}

const ComparedNodeCard = memo(function ComparedNodeCard({ data }: { data: CanvasNode['data'] }) {
  const { node } = data;
  const kind = useContext(ChangesContext).get(node.id);
  const { icon: Icon, label, tone } = lookOf(node.type, node.action);
  return (
    <div className={classes.card} data-kind={kind ?? 'same'}>
      <Handle type="target" position={Position.Left} className={classes.dot} isConnectable={false} />
      <span className={classes.icon} data-tone={tone}>
        <Icon size={18} stroke={1.7} aria-hidden />
      </span>
      <span className={classes.words}>
        <span className={classes.name}>{nameOf(node)}</span>
        <span className={classes.type}>{label}</span>
      </span>
      {kind && <Mark kind={kind} />}
      <Handle id="out" type="source" position={Position.Right} className={classes.dot} isConnectable={false} />
      <Handle id="error" type="source" position={Position.Bottom} className={classes.dot} isConnectable={false} />
    </div>
  );
});

function ComparedNode({ data }: NodeProps<CanvasNode>) {
  return <ComparedNodeCard data={data} />;
}

function ComparedEdge(props: EdgeProps<CanvasEdge>) {
  const { id, data, markerEnd } = props;
  const kind = useContext(ChangesContext).get(id);
  const [path, x, y] = getBezierPath(props);
  return (
    <>
      <BaseEdge
        id={id}
        path={path}
        {...(markerEnd && { markerEnd })}
        className={`${classes.edge} ${kind ? classes[kind] : ''}`}
      />
      {(kind || data?.label) && (
        <EdgeLabelRenderer>
          <span className={classes.label} style={{ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)` }}>
            {kind && <Mark kind={kind} />}
            {data?.label && <span className={classes.condition}>{data.label}</span>}
          </span>
        </EdgeLabelRenderer>
      )}
    </>
  );
}

/** What became of a node or an edge, by sign and word. */
function Mark({ kind }: { kind: ChangeKind }) {
  const { icon: Icon, tone } = CHANGE_LOOKS[kind];
  return (
    <span className={classes.mark} data-tone={tone}>
      <Icon size={11} stroke={2.4} aria-hidden />
      {common.changes.kinds[kind]}
    </span>
  );
}
