import { useMutation } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { controlExecution } from '@/api/executions';
import type { Flow } from '@/api/types';
import { useMay } from '@/api/use-may';
import type { ChatFlow } from '@/components/chat-flow';
import { ProblemCard } from '@/components/problem-card';
import { BlockSkeleton } from '@/components/skeletons';
import { isFinished } from '@/components/status';
import { own } from '@/lib/own';
import classes from './chat.module.css';
import { Composer } from './composer';
import { MessageLog } from './message-log';
import { texts } from './texts';
import { useConversation } from './use-conversation';
import { useOutbox } from './use-outbox';

interface ChatProps {
  flow: Flow;
  chat: ChatFlow;
  conversation: string;
  /** Whether the address names it; it does from the first message on. */
  isNamed: boolean;
  /** Called before the first message, so that the address names the conversation. */
  onBegin: () => void;
}

/** One conversation: its messages, and where the next one is written. */
export function Chat({ flow, chat, conversation, isNamed, onBegin }: ChatProps) {
  const [wasNamed] = useState(isNamed);
  const session = chat.sessionOf(conversation);
  const live = useConversation({ flowId: flow.id, conversation, agentId: chat.agentId, session, isNamed: wasNamed });
  const outbox = useOutbox(flow.id, conversation, live.known, live.refetch);
  const open = live.entries.filter(({ row }) => row !== null && !isFinished(row.status));
  const runs = useMay('run_flows');
  const controls = useMay('control_executions');
  const stop = useMutation({
    mutationFn: () => Promise.all(open.map(({ executionId }) => controlExecution(executionId, 'cancel'))),
    onSettled: live.refetch,
  });
  const send = (message: string) => {
    onBegin();
    outbox.send(message);
  };
  const isWriting = open.length > 0 || outbox.unsent.length > 0;
  return (
    <>
      {live.isLoading && !live.error ? (
        <div className={classes.log}>
          <BlockSkeleton height={160} />
        </div>
      ) : (
        <MessageLog
          entries={live.entries}
          chat={chat}
          session={session}
          unsent={outbox.unsent}
          onChange={live.refetch}
        />
      )}
      <Announcer isWriting={isWriting} />
      <footer className={classes.foot}>
        {live.error ? <ProblemCard problem={live.error} onRetry={live.refetch} /> : null}
        {outbox.error ? (
          <>
            <ProblemCard problem={outbox.error} onRetry={outbox.again} />
            <p className={classes.quiet}>{texts.notSent}</p>
          </>
        ) : null}
        {stop.error && <ProblemCard problem={stop.error} />}
        <Composer
          closed={runs.why ?? own(texts.stopped, flow.status) ?? null}
          onSend={send}
          onStop={open.length > 0 && controls.may ? () => stop.mutate() : null}
        />
      </footer>
    </>
  );
}

/** Tells screen readers when an answer begins and ends, instead of each piece of it. */
function Announcer({ isWriting }: { isWriting: boolean }) {
  const hasWritten = useRef(false);
  useEffect(() => {
    if (isWriting) hasWritten.current = true;
  }, [isWriting]);
  return (
    <p className="visually-hidden" role="status">
      {isWriting ? texts.answering : hasWritten.current && texts.answered}
    </p>
  );
}
