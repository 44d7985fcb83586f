import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { type SessionId, type TurnSpan, turnsQuery } from '@/api/sessions';
import type { Conversation } from '@/api/types';
import classes from '@/components/conversation/conversation.module.css';
import { SessionTurns } from '@/components/conversation/session-turns';
import { ProblemCard } from '@/components/problem-card';
import { BlockSkeleton } from '@/components/skeletons';
import { texts } from './texts';

/** The turns of its session that the model was given. They are fetched when they are unfolded. */
export function EarlierTurns({ conversation: { agent, session, steps } }: { conversation: Conversation }) {
  const [isOpen, setOpen] = useState(false);
  if (!agent || !session) return null;
  const { turn, earlier_turns: earlier, summary_up_to: summaryUpTo } = session;
  if (earlier === 0 && summaryUpTo === null) return null;
  const id = { agent: agent.id, key: session.key };
  const span = { first: turn - earlier, before: turn, summaryUpTo: summaryUpTo ?? undefined };
  return (
    <details className={classes.thinking} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{texts.earlierTurns(earlier, summaryUpTo)}</summary>
      {isOpen && <Turns id={id} span={span} readAt={steps[0]?.started_at} />}
    </details>
  );
}

interface TurnsProps {
  id: SessionId;
  span: TurnSpan;
  readAt: string | undefined;
}

function Turns({ id, span, readAt }: TurnsProps) {
  const query = useInfiniteQuery(turnsQuery(id, span));
  if (query.isError && !query.data) return <ProblemCard problem={query.error} onRetry={() => void query.refetch()} />;
  if (!query.data) return <BlockSkeleton height={120} />;
  const turns = query.data.pages.toReversed().flatMap((page) => page.turns);
  return (
    <>
      <SessionTurns
        turns={turns}
        summary={span.summaryUpTo === undefined ? null : query.data.pages[0]?.summary}
        readAt={readAt}
        hasEarlier={query.hasNextPage}
        isLoading={query.isFetchingNextPage}
        onEarlier={() => void query.fetchNextPage()}
      />
      {query.isError && <ProblemCard problem={query.error} />}
    </>
  );
}
