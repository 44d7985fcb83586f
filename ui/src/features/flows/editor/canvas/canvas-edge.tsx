import { BaseEdge, EdgeLabelRenderer, type EdgeProps, getBezierPath } from '@xyflow/react';
import { memo } from 'react';
import { useDraftStore } from '../document/draft-context';
import type { CanvasEdge as Drawn } from '../document/to-canvas';
import classes from './canvas-edge.module.css';

/** An edge with its condition as label; error edges are red and dashed, and links to what undoes a node are dotted. */
export const CanvasEdge = memo(function CanvasEdge(props: EdgeProps<Drawn>) {
  const { id, data, selected, markerEnd, target } = props;
  const store = useDraftStore();
  const [path, x, y] = getBezierPath(props);
  const kind = data?.kind ?? 'always';
  const isFaulty = (data?.faults ?? 0) > 0;
  return (
    <>
      <BaseEdge
        id={id}
        path={path}
        {...(markerEnd && { markerEnd })}
        interactionWidth={18}
        className={`${classes.line} ${classes[kind]} ${selected ? classes.selected : ''} ${isFaulty ? classes.faulty : ''}`}
      />
      {data?.label && (
        <EdgeLabelRenderer>
          <button
            type="button"
            tabIndex={-1}
            className={`${classes.label} nodrag nopan`}
            data-kind={kind}
            data-answer={data.label}
            data-selected={selected || undefined}
            data-faulty={isFaulty || undefined}
            title={data.label}
            style={{ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)` }}
            onClick={() => store.getState().select(kind === 'undo' ? { nodes: [target] } : { edges: [id] })}
          >
            {data.label}
          </button>
        </EdgeLabelRenderer>
      )}
    </>
  );
});
