import { Button, Tabs } from '@mantine/core';
import { IconMapQuestion } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { toProblem } from '@/api/problem';
import type { Execution, JournalEvent } from '@/api/types';
import { EmptyState } from '@/components/empty-state';
import { LiveMark } from '@/components/live-mark';
import { OfFlow } from '@/components/of-flow';
import { Page } from '@/components/page';
import { ProblemCard } from '@/components/problem-card';
import { BlockSkeleton } from '@/components/skeletons';
import { isFinished } from '@/components/status';
import { StatusBadge } from '@/components/status-badge';
import type { StreamState } from '@/lib/sse';
import { Actions } from './actions';
import { Announcement } from './announcement';
import { DataTab } from './data-tab';
import classes from './detail.module.css';
import { EventsTab } from './events-tab';
import { statusOf } from './execution-status';
import { Facts } from './facts';
import { Heading } from './heading';
import type { Look } from './look';
import { Notes } from './notes';
import { type Outage, toRecovery } from './recovery';
import { RecoveryNote } from './recovery-note';
import { RetryOutcome } from './retry-outcome';
import { texts } from './texts';
import { TimelineTab } from './timeline-tab';
import { useLiveExecution } from './use-live-execution';

const NO_OUTAGES: readonly Outage[] = [];

interface ExecutionDetailProps extends Look {
  id: string;
  onLook: (change: Look) => void;
}

/** One execution, updated live. */
export function ExecutionDetail({ id, ...look }: ExecutionDetailProps) {
  const { query, journal, stream } = useLiveExecution(id);
  if (query.data && journal) {
    return (
      <OfFlow id={query.data.flow_id}>
        <Loaded execution={query.data} journal={journal} stream={stream} {...look} />
      </OfFlow>
    );
  }
  return (
    <Page title={texts.label}>
      {query.isError ? <Missing error={query.error} onRetry={() => void query.refetch()} /> : <Loading />}
    </Page>
  );
}

interface LoadedProps extends Look {
  execution: Execution;
  journal: readonly JournalEvent[];
  stream: StreamState;
  onLook: (change: Look) => void;
}

function Loaded({ execution, journal, stream, node, children, attempt, step, tab = 'timeline', onLook }: LoadedProps) {
  const choose = (next: string | undefined) =>
    onLook({ node: next, children: undefined, attempt: undefined, step: undefined });
  const recovery = useMemo(() => toRecovery(journal), [journal]);
  return (
    <Page
      title={execution.flow_name}
      heading={<Heading execution={execution} />}
      beside={
        <>
          <StatusBadge status={statusOf(execution)} />
          {execution.ending_as && <StatusBadge status="retrying" label={texts.undoing} />}
          {!isFinished(execution.status) && <LiveMark state={stream} />}
        </>
      }
      actions={<Actions execution={execution} />}
    >
      <Announcement key={execution.id} execution={execution} />
      <Facts execution={execution} />
      <Notes execution={execution} onNode={(chosen) => onLook({ node: chosen, tab: undefined })} />
      <RetryOutcome execution={execution} />
      {recovery && <RecoveryNote recovery={recovery} />}
      <Tabs
        value={tab}
        onChange={(next) => onLook({ tab: next === 'timeline' ? undefined : (next as Look['tab']) })}
        keepMounted={false}
        classNames={{ tab: classes.tab, list: classes.tabs }}
      >
        <Tabs.List aria-label={texts.tabsLabel}>
          <Tabs.Tab value="timeline">{texts.tabs.timeline}</Tabs.Tab>
          <Tabs.Tab value="data">{texts.tabs.data}</Tabs.Tab>
          <Tabs.Tab value="events">{texts.tabs.events}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="timeline">
          <TimelineTab
            execution={execution}
            journal={journal}
            outages={recovery?.outages ?? NO_OUTAGES}
            chosen={node ?? null}
            onChoose={choose}
            marked={{ attempt, step }}
            shownChildren={children}
            onShowChildren={(nodeId, status) => onLook({ node: nodeId, children: status })}
          />
        </Tabs.Panel>
        <Tabs.Panel value="data">
          <DataTab execution={execution} />
        </Tabs.Panel>
        <Tabs.Panel value="events">
          <EventsTab
            execution={execution}
            journal={journal}
            onNode={(next) => onLook({ node: next, tab: undefined })}
          />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}

/** A placeholder as high as the real content, so that the layout does not shift. */
function Loading() {
  return (
    <div className={classes.loading}>
      <BlockSkeleton height={62} />
      <BlockSkeleton height={260} />
      <BlockSkeleton height={300} />
    </div>
  );
}

function Missing({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const { status } = toProblem(error);
  if (status !== 404 && status !== 400) return <ProblemCard problem={error} onRetry={onRetry} />;
  return (
    <EmptyState icon={IconMapQuestion} title={texts.goneTitle} detail={texts.goneDetail}>
      <Button component={Link} to="/executions">
        {texts.toList}
      </Button>
    </EmptyState>
  );
}
