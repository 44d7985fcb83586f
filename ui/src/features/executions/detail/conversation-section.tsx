import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Conversation, NodeExecution } from '@/api/types';
import classes from '@/components/conversation/conversation.module.css';
import type { LiveTurn } from '@/components/conversation/live-turn';
import { useLiveTurn } from '@/components/conversation/use-live-turn';
import { ProblemCard } from '@/components/problem-card';
import { BlockSkeleton } from '@/components/skeletons';
import { visible } from '@/lib/json-text';
import { AttemptEntries } from './conversation/attempt-entries';
import { EarlierTurns } from './conversation/earlier-turns';
import { partsOf } from './conversation/model';
import { texts } from './conversation/texts';
import { conversationQuery } from './queries';
import { Section } from './section';

interface ConversationSectionProps {
  executionId: string;
  node: NodeExecution;
  /** The last record of the journal that is about the node. */
  seq: number;
  /** The beginning of the names of downloads. */
  file: string;
  /** What is shown of an agent that is no language model. */
  plain: ReactNode;
}

/** What a language model was asked and answered in a node, with the tools that it called. */
export function ConversationSection({ executionId, node, seq, file, plain }: ConversationSectionProps) {
  const query = useQuery(conversationQuery(executionId, node.node_id, seq));
  const conversation = query.data;
  const isModel = typeof conversation?.agent?.model === 'string';
  const isOpen = isModel && node.status === 'running' && !node.waiting_for;
  const live = useLiveTurn(executionId, node.node_id, isOpen, () => void query.refetch());
  if (conversation?.agent && conversation.agent.model === null) return plain;
  return (
    <Section title={texts.title} aside={conversation && used(conversation)}>
      {conversation ? (
        <Said conversation={conversation} live={live} node={node} file={file} />
      ) : query.isError ? (
        <ProblemCard problem={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <BlockSkeleton height={220} />
      )}
    </Section>
  );
}

interface SaidProps {
  conversation: Conversation;
  live: LiveTurn | null;
  node: NodeExecution;
  file: string;
}

function Said({ conversation, live, node, file }: SaidProps) {
  const parts = partsOf(conversation, node.attempts);
  return (
    <div className={classes.conversation}>
      <About conversation={conversation} />
      <EarlierTurns conversation={conversation} />
      {conversation.earlier_steps > 0 && <p className={classes.aside}>{texts.earlier(conversation.earlier_steps)}</p>}
      {parts.map((part) => (
        <AttemptEntries
          key={part.number}
          part={part}
          conversation={conversation}
          live={live}
          hasHeading={parts.length > 1}
          max={node.max_attempts}
          file={file}
        />
      ))}
    </div>
  );
}

function About({ conversation: { agent, session } }: { conversation: Conversation }) {
  if (!agent) return <p className={classes.aside}>{texts.noAgent}</p>;
  const facts = [
    agent.provider,
    agent.model,
    ...agent.fallbacks.map(({ model, provider }) =>
      texts.fallback(provider === agent.provider ? model : `${model} (${provider})`),
    ),
    agent.temperature !== null && texts.temperature(String(agent.temperature)),
  ];
  return (
    <p className={classes.aside}>
      <Link to="/agents" search={{ agent: agent.id }}>
        {texts.agent(agent.name, agent.version)}
      </Link>
      {facts.filter(Boolean).map((fact) => ` · ${fact}`)}
      {session && (
        <>
          {' · '}
          <Link to="/agents" search={{ agent: agent.id, view: 'sessions', session: session.key }}>
            {texts.session(visible(session.key), session.turn)}
          </Link>
        </>
      )}
    </p>
  );
}

function used({ agent, turns_used, tokens_used }: Conversation): string | null {
  if (!agent || typeof agent.max_turns !== 'number') return null;
  const turns = texts.turnsUsed(turns_used, agent.max_turns);
  return typeof agent.max_tokens === 'number' ? `${turns} · ${texts.tokensUsed(tokens_used, agent.max_tokens)}` : turns;
}
