import { useMutation } from '@tanstack/react-query';
import { useCallback, useEffect, useRef } from 'react';
import { type NodeTestBody, testNode } from '@/api/flows';

/** Tests a node; the test stops when it is cancelled or the component unmounts. */
export function useNodeTest() {
  const under = useRef<AbortController | null>(null);
  const cancel = useCallback(() => under.current?.abort(), []);
  useEffect(() => cancel, [cancel]);

  const test = useMutation({
    mutationFn: (body: NodeTestBody) => {
      under.current = new AbortController();
      return testNode(body, under.current.signal);
    },
  });
  const isCancelled = test.isError && under.current?.signal.aborted === true;
  return { test, isCancelled, cancel };
}
