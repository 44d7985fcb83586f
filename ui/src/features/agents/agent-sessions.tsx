import { Anchor, Button, Table, TextInput } from '@mantine/core';
import { IconMessages } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { type SessionSummary, sessionsQuery } from '@/api/sessions';
import { EmptyState } from '@/components/empty-state';
import { ProblemCard } from '@/components/problem-card';
import { Prose } from '@/components/prose';
import { RelativeTime } from '@/components/relative-time';
import { RowsSkeleton } from '@/components/skeletons';
import { readableSize, visible } from '@/lib/json-text';
import { formatNumber } from '@/lib/locale';
import classes from './agents.module.css';
import { ExecutionLink } from './execution-link';
import { SessionView } from './session-view';
import { texts } from './texts';

const { sessions } = texts;

interface AgentSessionsProps {
  agentId: string;
  /** The key of the session that is read. */
  session: string | undefined;
  onSession: (key: string | undefined) => void;
}

/** The sessions of an agent, or the turns of one. */
export function AgentSessions({ agentId, session, onSession }: AgentSessionsProps) {
  if (session === undefined) return <SessionList agentId={agentId} onOpen={onSession} />;
  const id = { agent: agentId, key: session };
  return <SessionView key={session} id={id} onBack={() => onSession(undefined)} />;
}

interface SessionListProps {
  agentId: string;
  onOpen: (key: string) => void;
}

function SessionList({ agentId, onOpen }: SessionListProps) {
  const list = useInfiniteQuery(sessionsQuery(agentId));
  if (list.isPending) return <RowsSkeleton rows={5} height={44} />;
  const rows = list.data?.pages.flatMap((page) => page.rows) ?? [];
  const total = list.data?.pages.at(-1)?.total ?? 0;
  if (list.isSuccess && rows.length === 0) {
    return (
      <EmptyState icon={IconMessages} title={sessions.empty} detail={<Prose text={sessions.emptyDetail} />}>
        <Button component={Link} to="/flows" variant="default">
          {sessions.toFlows}
        </Button>
      </EmptyState>
    );
  }
  return (
    <div className={classes.form}>
      {list.isError && <ProblemCard problem={list.error} onRetry={() => void list.refetch()} />}
      {rows.length > 0 && (
        <>
          <OpenByKey onOpen={onOpen} />
          <SessionTable rows={rows} onOpen={onOpen} />
        </>
      )}
      {list.hasNextPage && (
        <Button variant="default" size="xs" loading={list.isFetchingNextPage} onClick={() => list.fetchNextPage()}>
          {sessions.more(Math.max(total - rows.length, 1))}
        </Button>
      )}
    </div>
  );
}

/** Opens a session by its whole key, which need not be listed yet. */
function OpenByKey({ onOpen }: Pick<SessionListProps, 'onOpen'>) {
  const [key, setKey] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (key.trim() !== '') onOpen(key);
  };
  return (
    <form className={classes.withButton} onSubmit={submit}>
      <TextInput
        size="xs"
        label={sessions.byKey}
        value={key}
        maxLength={200}
        onChange={(event) => setKey(event.currentTarget.value)}
      />
      <Button size="xs" type="submit" variant="default">
        {sessions.open}
      </Button>
    </form>
  );
}

function SessionTable({ rows, onOpen }: { rows: readonly SessionSummary[] } & Pick<SessionListProps, 'onOpen'>) {
  const { columns } = sessions;
  return (
    <Table.ScrollContainer minWidth={480}>
      <Table highlightOnHover verticalSpacing="xs" aria-label={sessions.label}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{columns.key}</Table.Th>
            <Table.Th ta="right">{columns.turns}</Table.Th>
            <Table.Th ta="right">{columns.size}</Table.Th>
            <Table.Th>{columns.used}</Table.Th>
            <Table.Th>{columns.writes}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={row.key}>
              <Table.Td className={classes.sessionKey}>
                <Anchor component="button" type="button" size="sm" fw={560} ta="left" onClick={() => onOpen(row.key)}>
                  {visible(row.key)}
                </Anchor>
              </Table.Td>
              <Table.Td ta="right" className={classes.number}>
                {formatNumber(row.last_turn)}
              </Table.Td>
              <Table.Td ta="right" className={classes.number}>
                {readableSize(row.bytes)}
              </Table.Td>
              <Table.Td>
                <RelativeTime time={row.used_at} />
              </Table.Td>
              <Table.Td>
                {row.held_by ? (
                  <ExecutionLink id={row.held_by.execution_id} node={row.held_by.node_id} />
                ) : (
                  sessions.free
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
