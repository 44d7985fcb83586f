import { Tabs } from '@mantine/core';
import { useState } from 'react';
import type { Agent } from '@/api/agents';
import { AgentForm } from './agent-form';
import { AgentSessions } from './agent-sessions';
import { AgentVersions } from './agent-versions';
import classes from './agents.module.css';
import { type AgentDraft, draftOf, newAgent } from './draft';
import { Playground } from './playground';
import type { AgentView } from './search';
import { texts } from './texts';

interface AgentPanelProps {
  /** `null` for a new agent. */
  agent: Agent | null;
  view: AgentView;
  /** The key of the session that is read. */
  session: string | undefined;
  onView: (view: AgentView, session?: string) => void;
  onDone: () => void;
}

/** An agent: its form, its playground, its sessions and its versions. What is not saved is kept while another of them is shown. */
export function AgentPanel({ agent, view, session, onView, onDone }: AgentPanelProps) {
  const [read, setRead] = useState(agent);
  const [draft, setDraft] = useState<AgentDraft>(() => (agent ? draftOf(agent) : newAgent()));
  const load = (restored: Agent) => {
    setRead(restored);
    setDraft(draftOf(restored));
  };
  const hasSessions = read?.agent_type === 'llm';
  return (
    <Tabs
      value={view === 'sessions' && !hasSessions ? 'form' : view}
      onChange={(chosen) => onView(chosen as AgentView)}
      keepMounted={false}
    >
      <Tabs.List className={classes.tabs}>
        <Tabs.Tab value="form">{texts.views.form}</Tabs.Tab>
        <Tabs.Tab value="playground">{texts.views.playground}</Tabs.Tab>
        {hasSessions && <Tabs.Tab value="sessions">{texts.views.sessions}</Tabs.Tab>}
        {read && <Tabs.Tab value="versions">{texts.views.versions}</Tabs.Tab>}
      </Tabs.List>
      <Tabs.Panel value="form" keepMounted>
        <AgentForm key={read?.version ?? 0} agent={read} draft={draft} onDraft={setDraft} onDone={onDone} />
      </Tabs.Panel>
      <Tabs.Panel value="playground" keepMounted>
        <Playground agentId={read?.id ?? null} draft={draft} onDraft={setDraft} />
      </Tabs.Panel>
      {hasSessions && (
        <Tabs.Panel value="sessions">
          <AgentSessions agentId={read.id} session={session} onSession={(key) => onView('sessions', key)} />
        </Tabs.Panel>
      )}
      {read && (
        <Tabs.Panel value="versions">
          <AgentVersions id={read.id} onRestored={load} />
        </Tabs.Panel>
      )}
    </Tabs>
  );
}
