import { Handle, Position, useUpdateNodeInternals } from '@xyflow/react';
import { useEffect, useRef } from 'react';
import { writeJson } from '@/lib/json';
import { caseHandle } from '../document/cases';
import classes from './canvas-node.module.css';
import { texts } from './texts';

interface CaseHandlesProps {
  id: string;
  cases: readonly string[];
  /** The decisions that no edge asks for, with which the node fails. */
  failsOn: readonly string[];
}

/** The handles of a node with cases, from the first to the default, or with decisions. */
export function CaseHandles({ id, cases, failsOn }: CaseHandlesProps) {
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
      data-case={name}
      data-open={failsOn.includes(name) || undefined}
      title={failsOn.includes(name) ? texts.canvas.failsOn(name) : name}
    />
  ));
}
