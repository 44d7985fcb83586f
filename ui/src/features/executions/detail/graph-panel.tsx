import { ActionIcon, Modal, Tooltip } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconArrowsDiagonal } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useMemo } from 'react';
import { findBody } from '@/api/bodies';
import { flowVersionQuery } from '@/api/flows';
import type { Execution } from '@/api/types';
import { Panel } from '@/components/panel';
import { ProblemCard } from '@/components/problem-card';
import { BlockSkeleton } from '@/components/skeletons';
import classes from './graph.module.css';
import { GraphLegend } from './graph-legend';
import { GraphResizer, useGraphHeight } from './graph-resizer';
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
  const whole = flow.data?.flow_definition;
  const { runs_body: runsBody, parent_node_id: parentNode } = execution;
  const definition = useMemo(
    () => (whole && runsBody && parentNode ? findBody(whole, parentNode) : whole),
    [whole, runsBody, parentNode],
  );
  const graph = useMemo(() => (definition ? toGraph(definition, execution) : undefined), [definition, execution]);
  const [isLarge, large] = useDisclosure(false);
  const [height, setHeight] = useGraphHeight();
  const canvas = graph && (
    <Suspense fallback={<BlockSkeleton height={height} />}>
      <GraphCanvas graph={graph} selected={selected} chosen={chosen} onSelect={onSelect} isLarge={isLarge} />
    </Suspense>
  );
  return (
    <Panel
      title={runsBody ? texts.graph.bodyTitle : texts.graph.title}
      aside={
        <>
          <GraphLegend edges={graph?.edges ?? []} />
          <span>{texts.graph.version(execution.flow_version)}</span>
          <Tooltip label={texts.graph.enlarge}>
            <ActionIcon size={28} aria-label={texts.graph.enlarge} aria-haspopup="dialog" onClick={large.open}>
              <IconArrowsDiagonal size={15} aria-hidden />
            </ActionIcon>
          </Tooltip>
        </>
      }
      flush
    >
      <div className={classes.frame} style={{ height }}>
        {flow.isError && <ProblemCard problem={flow.error} onRetry={() => void flow.refetch()} />}
        {flow.isPending && <BlockSkeleton height={height} />}
        {!isLarge && canvas}
      </div>
      <GraphResizer height={height} onHeight={setHeight} />
      <Modal
        opened={isLarge}
        onClose={large.close}
        fullScreen
        title={execution.flow_name}
        closeButtonProps={{ 'aria-label': texts.graph.shrink }}
        classNames={{ content: classes.large, body: classes.largeBody }}
      >
        {isLarge && canvas}
      </Modal>
    </Panel>
  );
}
