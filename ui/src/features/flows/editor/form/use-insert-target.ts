import { useContext, useEffect, useRef } from 'react';
import { InsertContext } from './insertion';

/** Returns what makes a field the one that values are inserted into: called when it gets the focus. */
export function useInsertTarget(insert: (path: string) => void): () => void {
  const context = useContext(InsertContext);
  const latest = useRef(insert);
  const target = useRef({ insert: (path: string) => latest.current(path) });
  useEffect(() => {
    latest.current = insert;
  });
  useEffect(() => {
    const own = target.current;
    return () => {
      if (context.current === own) context.current = null;
    };
  }, [context]);
  return () => {
    context.current = target.current;
  };
}
