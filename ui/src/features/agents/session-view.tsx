import { ActionIcon } from '@mantine/core';
import { IconArrowLeft, IconRefresh } from '@tabler/icons-react';
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { regenerateTurn, type Session, type SessionId, turnsQuery } from '@/api/sessions';
import { useMay } from '@/api/use-may';
import { SessionTurns } from '@/components/conversation/session-turns';
import { ProblemCard } from '@/components/problem-card';
import { ReasonedButton } from '@/components/reasoned-button';
import { RelativeTime } from '@/components/relative-time';
import { BlockSkeleton } from '@/components/skeletons';
import { readableSize, visible } from '@/lib/json-text';
import { idempotencyKey } from '@/lib/keys';
import classes from './agents.module.css';
import { DeleteSession } from './delete-session';
import { ExecutionLink } from './execution-link';
import { texts } from './texts';

const { sessions } = texts;
const ALL = { first: 1 };
const REFRESH_MS = 3_000;

interface SessionViewProps {
  id: SessionId;
  onBack: () => void;
}

/** The turns of a session, and what can be done with it. */
export function SessionView({ id, onBack }: SessionViewProps) {
  const [rewriter, setRewriter] = useState<string | null>(null);
  const query = useInfiniteQuery({
    ...turnsQuery(id, ALL),
    // Turns change only while an execution writes one.
    refetchInterval: ({ state }) => {
      const newest = state.data?.pages[0];
      const isDue = rewriter !== null && newest?.turns.at(-1)?.execution_id !== rewriter;
      return newest && (newest.held_by || isDue) ? REFRESH_MS : false;
    },
  });
  const session = query.data?.pages[0];
  const turns = query.data?.pages.toReversed().flatMap((page) => page.turns) ?? [];
  return (
    <section className={classes.form} aria-label={sessions.session(visible(id.key))}>
      <div className={classes.sessionHead}>
        <ActionIcon variant="subtle" aria-label={sessions.back} title={sessions.back} onClick={onBack}>
          <IconArrowLeft size={16} aria-hidden />
        </ActionIcon>
        <h2 className={classes.heading}>{visible(id.key)}</h2>
      </div>
      {session && <Facts session={session} />}
      {query.isPending && <BlockSkeleton height={220} />}
      {query.isError && <ProblemCard problem={query.error} onRetry={() => void query.refetch()} />}
      {session && turns.length === 0 && <p className={classes.hint}>{sessions.noTurns}</p>}
      {turns.length > 0 && (
        <SessionTurns
          turns={turns}
          summary={session?.summary ?? null}
          hasEarlier={query.hasNextPage}
          isLoading={query.isFetchingNextPage}
          onEarlier={() => void query.fetchNextPage()}
        />
      )}
      {session && (
        <Actions id={id} session={session} rewriter={rewriter} onRewritten={setRewriter} onDeleted={onBack} />
      )}
    </section>
  );
}

function Facts({ session: { last_turn, bytes, used_at, held_by } }: { session: Session }) {
  return (
    <p className={classes.hint}>
      {sessions.turns(last_turn)} · {readableSize(bytes)} · {sessions.used} <RelativeTime time={used_at} />
      {held_by && (
        <>
          {' · '}
          {sessions.written} <ExecutionLink id={held_by.execution_id} node={held_by.node_id} />
        </>
      )}
    </p>
  );
}

interface ActionsProps {
  id: SessionId;
  session: Session;
  /** The execution that was started to write the last turn again. */
  rewriter: string | null;
  onRewritten: (execution: string) => void;
  onDeleted: () => void;
}

function Actions({ id, session, rewriter, onRewritten, onDeleted }: ActionsProps) {
  const queries = useQueryClient();
  // However often it is pressed before an answer comes, one execution comes of it.
  const [key, setKey] = useState(idempotencyKey);
  const queryKey = ['agents', 'sessions', id.agent];
  const { why } = useMay('control_executions');
  const regenerate = useMutation({
    mutationFn: (turn: number) => regenerateTurn(id, turn, key),
    onSuccess: (execution) => {
      setKey(idempotencyKey());
      onRewritten(execution);
    },
    onSettled: () => queries.invalidateQueries({ queryKey }),
  });
  return (
    <>
      {regenerate.isError && <ProblemCard problem={regenerate.error} />}
      <p className={classes.hint} role="status">
        {rewriter && (
          <>
            {sessions.rewritten} <ExecutionLink id={rewriter} node={session.turns.at(-1)?.node_id} />
          </>
        )}
      </p>
      <div className={classes.actions}>
        <DeleteSession
          id={id}
          turns={session.last_turn}
          onDeleted={() => {
            // What is shown until this view has closed is not there any more.
            void queries.invalidateQueries({ queryKey, refetchType: 'none' });
            onDeleted();
          }}
        />
        {session.last_turn > 0 && (
          <ReasonedButton
            reason={why}
            variant="default"
            leftSection={<IconRefresh size={14} aria-hidden />}
            loading={regenerate.isPending}
            onClick={() => regenerate.mutate(session.last_turn)}
          >
            {sessions.regenerate(session.last_turn)}
          </ReasonedButton>
        )}
      </div>
    </>
  );
}
