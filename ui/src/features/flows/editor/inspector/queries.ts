import { queryOptions } from '@tanstack/react-query';
import { type Agent, listAgents } from '@/api/agents';
import type { Schema } from '../form/schema';

/** An agent, as far as a node needs it. */
export type AgentChoice = Pick<Agent, 'id' | 'name' | 'agent_type' | 'skills' | 'is_available'> & {
  skill_definitions: readonly { name: string; input_schema?: Schema | null }[];
};

export const agentChoicesQuery = () =>
  queryOptions({
    queryKey: ['agents', 'choices'],
    queryFn: async ({ signal }) => (await listAgents(signal)).rows as readonly AgentChoice[],
    staleTime: 10_000,
  });
