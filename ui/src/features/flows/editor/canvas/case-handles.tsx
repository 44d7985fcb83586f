import { Handle, Position } from '@xyflow/react';
import { writeJson } from '@/lib/json';
import { caseHandle } from '../document/cases';
import { HANDLE_STEP } from '../document/positions';
import classes from './canvas-node.module.css';
import { HandleLabel } from './handle-label';
import { texts } from './texts';
import { useMeasured } from './use-measured';

interface CaseHandlesProps {
  id: string;
  cases: readonly string[];
  /** The decisions that no edge asks for, with which the node fails. */
  failsOn: readonly string[];
  /** The handles that edges start from. */
  joined: readonly string[];
}

/** The handles of a node with cases, from the first to the default, or with decisions. */
export function CaseHandles({ id, cases, failsOn, joined }: CaseHandlesProps) {
  useMeasured(id, writeJson(cases));
  return cases.map((name, at) => (
    <Handle
      key={name}
      id={caseHandle(name)}
      type="source"
      position={Position.Right}
      className={`${classes.out} ${classes.case}`}
      style={{ top: `calc(50% + ${(at - (cases.length - 1) / 2) * HANDLE_STEP}px)` }}
      data-case={name}
      data-open={failsOn.includes(name) || undefined}
      title={failsOn.includes(name) ? texts.canvas.failsOn(name) : name}
    >
      <HandleLabel isOpen={!joined.includes(caseHandle(name))}>{name}</HandleLabel>
    </Handle>
  ));
}
