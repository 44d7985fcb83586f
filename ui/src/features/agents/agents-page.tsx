import { Button, Drawer } from '@mantine/core';
import { IconPlus, IconRobot } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { type Agent, deleteAgent } from '@/api/agents';
import { DamagedList } from '@/components/damaged-list';
import { EmptyState } from '@/components/empty-state';
import { Page } from '@/components/page';
import { Panel } from '@/components/panel';
import { ProblemCard } from '@/components/problem-card';
import { RowsSkeleton } from '@/components/skeletons';
import { texts as common } from '@/lib/texts';
import { AgentForm } from './agent-form';
import { AgentTable } from './agent-table';
import { agentsQuery, damagedAgentsQuery } from './queries';
import { texts } from './texts';

/** The content of the drawer: an agent, a new one, or nothing. */
type Open = Agent | 'new' | null;

export function AgentsPage() {
  const [open, setOpen] = useState<Open>(null);
  const agents = useQuery(agentsQuery());
  const damaged = useQuery(damagedAgentsQuery());
  const create = (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setOpen('new')}>
      {texts.create}
    </Button>
  );
  return (
    <Page title={texts.title} detail={texts.detail} actions={create}>
      <DamagedList damaged={damaged.data} advice={common.damaged.deleteAdvice} onDelete={(id) => deleteAgent({ id })} />
      {agents.isPending && <RowsSkeleton rows={6} height={49} />}
      {agents.isError && <ProblemCard problem={agents.error} onRetry={() => agents.refetch()} />}
      {agents.data?.length === 0 && (
        <EmptyState icon={IconRobot} title={texts.empty} detail={texts.emptyDetail}>
          <Button variant="default" onClick={() => setOpen('new')}>
            {texts.create}
          </Button>
        </EmptyState>
      )}
      {agents.data && agents.data.length > 0 && (
        <Panel flush>
          <AgentTable agents={agents.data} onOpen={setOpen} />
        </Panel>
      )}
      <Drawer
        opened={open !== null}
        onClose={() => setOpen(null)}
        position="right"
        size={640}
        title={open === 'new' ? texts.form.create : texts.form.edit}
        closeButtonProps={{ 'aria-label': texts.form.cancel }}
      >
        {open && (
          <AgentForm
            key={open === 'new' ? 'new' : open.id}
            agent={open === 'new' ? null : open}
            onDone={() => setOpen(null)}
          />
        )}
      </Drawer>
    </Page>
  );
}
