import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { flowQuery } from '@/api/flows';
import { ProblemCard } from '@/components/problem-card';
import { BlockSkeleton } from '@/components/skeletons';
import { texts as common } from '@/lib/texts';
import { Editor } from './editor/editor';
import classes from './flow-page.module.css';

const route = getRouteApi('/flows/$flowId');

/** One flow: its graph to edit, and the ways to run it, set it up and look back at its versions. */
export function FlowPage() {
  const { flowId } = route.useParams();
  const flow = useQuery(flowQuery(flowId));
  const [, setOpened] = useState<'settings' | 'versions' | 'run' | null>(null);
  if (flow.isPending) {
    return (
      <div className={classes.waiting}>
        <BlockSkeleton height={480} />
      </div>
    );
  }
  if (!flow.data) {
    return (
      <div className={classes.waiting}>
        <ProblemCard problem={flow.error} onRetry={() => void flow.refetch()} />
      </div>
    );
  }
  return (
    <>
      <title>{`${flow.data.name} · ${common.product}`}</title>
      <Editor
        key={flowId}
        flow={flow.data}
        onSettings={() => setOpened('settings')}
        onVersions={() => setOpened('versions')}
        onRun={() => setOpened('run')}
      />
    </>
  );
}
