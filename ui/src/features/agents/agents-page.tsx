import { Drawer } from '@mantine/core';
import { IconPlus, IconRobot } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { deleteAgent } from '@/api/agents';
import { useMay } from '@/api/use-may';
import { DamagedList } from '@/components/damaged-list';
import { EmptyState } from '@/components/empty-state';
import { Page } from '@/components/page';
import { Panel } from '@/components/panel';
import { ProblemCard } from '@/components/problem-card';
import { ReasonedButton } from '@/components/reasoned-button';
import { RowsSkeleton } from '@/components/skeletons';
import { texts as common } from '@/lib/texts';
import { AgentPanel } from './agent-panel';
import { AgentTable } from './agent-table';
import { agentsQuery, damagedAgentsQuery } from './queries';
import { type AgentsSearch, readAgentsSearch } from './search';
import { texts } from './texts';

/** The agents. The one that is open in the drawer is in the address. */
export function AgentsPage() {
  const navigate = useNavigate();
  const { agent: id, view, session } = readAgentsSearch(useSearch({ strict: false }));
  const open = (search: AgentsSearch) => void navigate({ to: '/agents', search });
  const agents = useQuery(agentsQuery());
  const damaged = useQuery(damagedAgentsQuery());
  const agent = agents.data?.find((one) => one.id === id) ?? null;
  const isGone = id !== undefined && id !== 'new' && agents.isSuccess && !agent;
  const { may, why } = useMay('edit_agents');
  const create = (
    <ReasonedButton
      reason={why}
      leftSection={<IconPlus size={16} aria-hidden />}
      onClick={() => open({ agent: 'new' })}
    >
      {texts.create}
    </ReasonedButton>
  );
  return (
    <Page title={texts.title} detail={texts.detail} actions={create}>
      <DamagedList
        damaged={damaged.data}
        advice={common.damaged.deleteAdvice}
        onDelete={may ? (id) => deleteAgent({ id }) : undefined}
      />
      {agents.isPending && <RowsSkeleton rows={6} height={49} />}
      {agents.isError && <ProblemCard problem={agents.error} onRetry={() => agents.refetch()} />}
      {agents.data?.length === 0 && (
        <EmptyState icon={IconRobot} title={texts.empty} detail={texts.emptyDetail}>
          <ReasonedButton reason={why} variant="default" onClick={() => open({ agent: 'new' })}>
            {texts.create}
          </ReasonedButton>
        </EmptyState>
      )}
      {agents.data && agents.data.length > 0 && (
        <Panel flush>
          <AgentTable agents={agents.data} onOpen={(chosen) => open({ agent: chosen.id })} />
        </Panel>
      )}
      <Drawer
        opened={id === 'new' || agent !== null || isGone}
        onClose={() => open({})}
        position="right"
        size={view === 'playground' ? 1080 : 640}
        title={id === 'new' ? texts.form.create : texts.form.edit}
        closeButtonProps={{ 'aria-label': texts.form.cancel }}
      >
        {isGone && <p>{texts.gone}</p>}
        {(id === 'new' || agent) && (
          <AgentPanel
            key={id}
            agent={agent}
            view={view ?? 'form'}
            session={session}
            onView={(chosen, key) => open({ agent: id, view: chosen === 'form' ? undefined : chosen, session: key })}
            onDone={() => open({})}
          />
        )}
      </Drawer>
    </Page>
  );
}
