import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useMemo } from 'react';
import { flowVersionQuery } from '@/api/flows';
import type { Execution } from '@/api/types';
import { Panel } from '@/components/panel';
import { ProblemCard } from '@/components/problem-card';
import { BlockSkeleton } from '@/components/skeletons';
import classes from './graph.module.css';
import { GraphLegend } from './graph-legend';
import { texts } from './texts';
import { toGraph } from './to-graph';

const GraphCanvas = lazy(() => import('./graph-canvas').then((module) => ({ default: module.GraphCanvas })));

interface GraphPanelProps {
  execution: Execution;
  selected: string | null;
  /** The node that the user selected; a graph that does not fit scrolls to it. */
  chosen: string | null;
  onSelect: (nodeId: string) => void;
}

/** The graph of the flow version that the execution is pinned to, coloured by node status. */
export function GraphPanel({ execution, selected, chosen, onSelect }: GraphPanelProps) {
  const flow = useQuery(flowVersionQuery(execution.flow_id, execution.flow_version));
  const definition = flow.data?.flow_definition;
  const graph = useMemo(() => definition && toGraph(definition, execution), [definition, execution]);
  return (
    <Panel
      title={texts.graph.title}
      aside={
        <>
          <GraphLegend edges={graph?.edges ?? []} />
          <span>{texts.graph.version(execution.flow_version)}</span>
        </>
      }
      flush
    >
      <div className={classes.frame}>
        {flow.isError && <ProblemCard problem={flow.error} onRetry={() => void flow.refetch()} />}
        {flow.isPending && <BlockSkeleton height={320} />}
        {graph && (
          <Suspense fallback={<BlockSkeleton height={320} />}>
            <GraphCanvas graph={graph} selected={selected} chosen={chosen} onSelect={onSelect} />
          </Suspense>
        )}
      </div>
    </Panel>
  );
}
