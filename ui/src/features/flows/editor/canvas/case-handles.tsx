import { Handle, Position } from '@xyflow/react';
import { writeJson } from '@/lib/json';
import { caseHandle } from '../document/cases';
import classes from './canvas-node.module.css';
import { texts } from './texts';
import { useMeasured } from './use-measured';

interface CaseHandlesProps {
  id: string;
  cases: readonly string[];
  /** The decisions that no edge asks for, with which the node fails. */
  failsOn: readonly string[];
}

/** The handles of a node with cases, from the first to the default, or with decisions. */
export function CaseHandles({ id, cases, failsOn }: CaseHandlesProps) {
  useMeasured(id, writeJson(cases));
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
