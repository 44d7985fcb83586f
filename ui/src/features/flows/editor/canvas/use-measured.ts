import { useUpdateNodeInternals } from '@xyflow/react';
import { useEffect, useRef } from 'react';

/**
 * Has the handles of a node measured again when what is drawn of them changes.
 *
 * The canvas measures them once, with their node. Not the first time: it fits the view to the nodes that are measured then,
 * which would be this one alone.
 */
export function useMeasured(id: string, drawn: string): void {
  const update = useUpdateNodeInternals();
  const measured = useRef(drawn);
  useEffect(() => {
    if (measured.current === drawn) return;
    measured.current = drawn;
    update(id);
  }, [id, drawn, update]);
}
