import { Badge, Table, Tooltip, UnstyledButton } from '@mantine/core';
import type { Agent } from '@/api/agents';
import { RelativeTime } from '@/components/relative-time';
import { formatNumber } from '@/lib/locale';
import { own } from '@/lib/own';
import classes from './agents.module.css';
import { reachOf } from './draft';
import { texts } from './texts';

interface AgentTableProps {
  agents: readonly Agent[];
  onOpen: (agent: Agent) => void;
}

/** The agents, one per row; a row opens its form. */
export function AgentTable({ agents, onOpen }: AgentTableProps) {
  const { columns } = texts;
  return (
    <Table.ScrollContainer minWidth={620}>
      <Table highlightOnHover verticalSpacing="sm" horizontalSpacing="md">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{columns.name}</Table.Th>
            <Table.Th>{columns.reach}</Table.Th>
            <Table.Th>{columns.skills}</Table.Th>
            <Table.Th ta="right">
              <Tooltip label={texts.callsHint}>
                <span>{columns.calls}</span>
              </Tooltip>
            </Table.Th>
            <Table.Th>{columns.used}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {agents.map((agent) => (
            <Table.Tr key={agent.id}>
              <Table.Td>
                <UnstyledButton
                  className={classes.name}
                  aria-label={texts.edit(agent.name)}
                  onClick={() => onOpen(agent)}
                >
                  {agent.name}
                </UnstyledButton>
                <div className={classes.type}>{own(texts.types, agent.agent_type) ?? agent.agent_type}</div>
              </Table.Td>
              <Table.Td className={classes.reach}>{reachOf(agent)}</Table.Td>
              <Table.Td>
                <div className={classes.skills}>
                  {agent.skills.map((skill) => (
                    <Badge key={skill} variant="default" tt="none" fw={500}>
                      {skill}
                    </Badge>
                  ))}
                </div>
              </Table.Td>
              <Table.Td ta="right" className={classes.number}>
                {formatNumber(agent.usage_count)}
              </Table.Td>
              <Table.Td>{agent.last_used_at ? <RelativeTime time={agent.last_used_at} /> : texts.never}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
