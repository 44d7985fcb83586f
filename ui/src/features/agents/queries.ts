import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import {
  type Agent,
  type AgentDocument,
  deleteAgent,
  type Edited,
  getAgent,
  getProtection,
  listAgents,
  listAgentVersions,
  listMcpCommands,
  saveAgent,
} from '@/api/agents';
import { damagedOf, rowsOf } from '@/api/damaged';
import { Problem } from '@/api/problem';

export const agentsQuery = () =>
  queryOptions({
    queryKey: ['agents', 'list'],
    queryFn: ({ signal }) => listAgents(signal),
    staleTime: 5_000,
    select: rowsOf<Agent>,
  });

/** The agents that cannot be read. */
export const damagedAgentsQuery = () => ({ ...agentsQuery(), select: damagedOf });

/** Every version of an agent, newest first, and the agent: a restore is made to what is shown here. */
export const agentVersionsQuery = (id: string) =>
  queryOptions({
    queryKey: ['agents', 'versions', id],
    queryFn: async ({ signal }) => {
      const agent = await getAgent(id);
      return { agent, ...(await listAgentVersions(id, signal)) };
    },
    staleTime: 0,
  });

/** The local commands of the server: they change only when it is started again. */
export const mcpCommandsQuery = () =>
  queryOptions({ queryKey: ['mcp-commands'], queryFn: ({ signal }) => listMcpCommands(signal), staleTime: 60_000 });

/** What the protection of an agent does: it changes with every call. */
export const protectionQuery = (id: string) =>
  queryOptions({
    queryKey: ['agents', 'protection', id],
    queryFn: ({ signal }) => getProtection(id, signal),
    refetchInterval: 3_000,
  });

export class AgentConflict extends Error {
  constructor(
    /** The agent as it was saved elsewhere. */
    readonly agent: Agent,
  ) {
    super('The agent was changed elsewhere.');
  }
}

interface Change {
  /** What the change is made to; `null` for a new agent. */
  edited: Edited | null;
  document: AgentDocument;
}

/** Saves an agent. The error is an `AgentConflict` when it was changed elsewhere since it was read. */
export function useSaveAgent() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ edited, document }: Change) => {
      try {
        return await saveAgent(edited, document);
      } catch (error) {
        if (!edited || !(error instanceof Problem && error.isConflict)) throw error;
        throw new AgentConflict(await getAgent(edited.id));
      }
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: ['agents'] }),
  });
}

export function useDeleteAgent() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: deleteAgent,
    onSuccess: () => queries.invalidateQueries({ queryKey: ['agents'] }),
  });
}
