import type { ReactNode } from 'react';
import classes from './canvas-node.module.css';

interface HandleLabelProps {
  /** Whether no edge starts there, which would say the same. */
  isOpen?: boolean;
  children: ReactNode;
}

/** When an edge from a handle is taken: beside it, and else while the pointer is on the node or it is selected. */
export function HandleLabel({ isOpen, children }: HandleLabelProps) {
  return (
    <span className={classes.handleLabel} data-open={isOpen || undefined}>
      {children}
    </span>
  );
}
