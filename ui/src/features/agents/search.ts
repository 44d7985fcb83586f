import { oneOf, type RawSearch, textIn } from '@/lib/search-params';

const AGENT_VIEWS = ['form', 'playground', 'sessions', 'versions'] as const;
export type AgentView = (typeof AGENT_VIEWS)[number];

export interface AgentsSearch {
  /** The id of the agent that is open, or `new`. */
  agent?: string | undefined;
  /** What is shown of it; its form when absent. */
  view?: AgentView | undefined;
  /** The key of the session that is read. */
  session?: string | undefined;
}

export function readAgentsSearch(search: RawSearch): AgentsSearch {
  const agent = textIn(search, 'agent');
  return { agent, view: oneOf(search, 'view', AGENT_VIEWS), session: textIn(search, 'session') };
}
