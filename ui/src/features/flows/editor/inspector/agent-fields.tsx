import { Autocomplete, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { toProblem } from '@/api/problem';
import type { FlowNode } from '@/api/types';
import { Warnings } from '@/components/warnings';
import { agentChoicesQuery } from '../document/queries';
import type { FieldProps } from '../form/field';
import classes from './inspector.module.css';
import { texts } from './texts';

/** Whether a node asks an agent. */
export function asksAgent(node: FlowNode): boolean {
  return node.type === 'agent' || (node.type === 'action' && node.action === 'mcp_tool');
}

/** The key of a node that asks an agent which names the skill. */
export function skillKeyOf(node: FlowNode): 'skill' | 'tool' {
  return node.type === 'agent' ? 'skill' : 'tool';
}

interface AgentFieldsProps extends Pick<FieldProps, 'faultAt' | 'warningsAt'> {
  node: FlowNode;
  onChange: (key: string, value: unknown) => void;
}

/** The agent of a node, and which of its skills to use. */
export function AgentFields({ node, onChange, faultAt, warningsAt }: AgentFieldsProps) {
  const agents = useQuery(agentChoicesQuery());
  const chosen = agents.data?.find((agent) => agent.id === node.agent_id);
  const isGone = agents.isSuccess && typeof node.agent_id === 'string' && !chosen;
  const isTool = node.action === 'mcp_tool';
  const offered = (agents.data ?? []).filter(({ agent_type }) => !isTool || agent_type === 'mcp');
  const choices = offered.map(({ id, name, is_available }) => ({
    value: id,
    label: is_available ? name : `${name} (${texts.agentAway})`,
  }));
  if (isGone) choices.push({ value: String(node.agent_id), label: String(node.agent_id) });

  const skillKey = skillKeyOf(node);
  const skill = node[skillKey];
  const pick = (id: string | null) => {
    onChange('agent_id', id ?? undefined);
    const skills = agents.data?.find((agent) => agent.id === id)?.skills ?? [];
    if (skills[0] && !skills.includes(String(skill))) onChange(skillKey, skills[0]);
  };
  return (
    <>
      <Select
        size="xs"
        label={isTool ? texts.mcpServer : texts.agent}
        withAsterisk
        placeholder={isTool ? texts.chooseServer : texts.chooseAgent}
        description={agents.isSuccess && offered.length === 0 ? (isTool ? texts.noServers : texts.noAgents) : undefined}
        error={agents.isError ? toProblem(agents.error).detail : faultAt(['agent_id'])}
        data={choices}
        value={typeof node.agent_id === 'string' ? node.agent_id : null}
        onChange={pick}
        searchable
      />
      {chosen && (
        <Link className={classes.link} to="/agents" search={{ agent: chosen.id }}>
          {texts.openAgent(chosen.name)}
        </Link>
      )}
      <Warnings messages={warningsAt(['agent_id'], 'inside')} />
      <Autocomplete
        size="xs"
        label={isTool ? texts.tool : texts.skill}
        withAsterisk
        error={faultAt([skillKey])}
        data={[...(chosen?.skills ?? [])]}
        value={typeof skill === 'string' ? skill : ''}
        onChange={(chosen) => onChange(skillKey, chosen || undefined)}
      />
      <Warnings messages={warningsAt([skillKey], 'inside')} />
    </>
  );
}
