import { Autocomplete, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { toProblem } from '@/api/problem';
import type { FlowNode } from '@/api/types';
import { Warnings } from '@/components/warnings';
import type { FieldProps } from '../form/field';
import { agentChoicesQuery } from './queries';
import { texts } from './texts';

interface AgentFieldsProps extends Pick<FieldProps, 'faultAt' | 'warningsAt'> {
  node: FlowNode;
  onChange: (key: string, value: unknown) => void;
}

/** The agent of a node, and which of its skills to use. */
export function AgentFields({ node, onChange, faultAt, warningsAt }: AgentFieldsProps) {
  const agents = useQuery(agentChoicesQuery());
  const chosen = agents.data?.find((agent) => agent.id === node.agent_id);
  const isGone = agents.isSuccess && typeof node.agent_id === 'string' && !chosen;
  const choices = (agents.data ?? []).map(({ id, name, is_available }) => ({
    value: id,
    label: is_available ? name : `${name} (${texts.agentAway})`,
  }));
  if (isGone) choices.push({ value: String(node.agent_id), label: String(node.agent_id) });

  const pick = (id: string | null) => {
    onChange('agent_id', id ?? undefined);
    const skills = agents.data?.find((agent) => agent.id === id)?.skills ?? [];
    if (skills[0] && !skills.includes(String(node.skill))) onChange('skill', skills[0]);
  };
  return (
    <>
      <Select
        size="xs"
        label={texts.agent}
        withAsterisk
        placeholder={texts.chooseAgent}
        description={agents.data?.length === 0 ? texts.noAgents : undefined}
        error={agents.isError ? toProblem(agents.error).detail : faultAt(['agent_id'])}
        data={choices}
        value={typeof node.agent_id === 'string' ? node.agent_id : null}
        onChange={pick}
        searchable
      />
      <Warnings messages={warningsAt(['agent_id'], 'inside')} />
      <Autocomplete
        size="xs"
        label={texts.skill}
        withAsterisk
        error={faultAt(['skill'])}
        data={[...(chosen?.skills ?? [])]}
        value={typeof node.skill === 'string' ? node.skill : ''}
        onChange={(skill) => onChange('skill', skill || undefined)}
      />
      <Warnings messages={warningsAt(['skill'], 'inside')} />
    </>
  );
}
