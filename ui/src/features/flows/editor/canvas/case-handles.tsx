import { Handle, Position, useUpdateNodeInternals } from '@xyflow/react';
import { useEffect, useRef } from 'react';
import { writeJson } from '@/lib/json';
import { caseHandle, DEFAULT_CASE } from '../document/cases';
import classes from './canvas-node.module.css';

interface CaseHandlesProps {
  id: string;
  cases: readonly string[];
}

/** The handles of a node with cases, from the first to the default. */
export function CaseHandles({ id, cases }: CaseHandlesProps) {
  const update = useUpdateNodeInternals();
  const drawn = writeJson(cases);
  const measured = useRef(drawn);
  // The canvas measures handles once, with their node; where they change without the node's size, it must be notified.
  // Not the first time: it fits the view to the nodes that are measured then, which would be this one alone.
  useEffect(() => {
    if (measured.current === drawn) return;
    measured.current = drawn;
    update(id);
  }, [id, drawn, update]);
  return cases.map((name, at) => (
    <Handle
      key={name}
      id={caseHandle(name)}
      type="source"
      position={Position.Right}
      className={`${classes.out} ${classes.case}`}
      style={{ top: `${((at + 0.5) / cases.length) * 100}%` }}
      data-default={name === DEFAULT_CASE || undefined}
      title={name}
    />
  ));
}
