import { getRouteApi } from '@tanstack/react-router';
import { useCallback } from 'react';
import { ExecutionDetail } from './detail/execution-detail';
import type { Look } from './detail/look';

const route = getRouteApi('/studio/executions/$executionId');

/** The details of the Flow Execution Monitor. The selected node and tab are kept in the address. */
export function ExecutionPage() {
  const { executionId } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const look = useCallback(
    (change: Look) =>
      void navigate({ search: (before) => ({ ...before, ...change }), replace: true, resetScroll: false }),
    [navigate],
  );
  // Another execution is another page: no state may be kept.
  return <ExecutionDetail key={executionId} id={executionId} {...search} onLook={look} />;
}
