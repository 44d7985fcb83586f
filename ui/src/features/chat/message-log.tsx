import { IconRefresh, IconSparkles } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useLayoutEffect, useRef } from 'react';
import { regenerateTurn, type SessionTurn } from '@/api/sessions';
import { useMay } from '@/api/use-may';
import type { ChatFlow } from '@/components/chat-flow';
import { ProblemCard } from '@/components/problem-card';
import { ReasonedButton } from '@/components/reasoned-button';
import { isFinished } from '@/components/status';
import { visible } from '@/lib/json-text';
import { idempotencyKey } from '@/lib/keys';
import { Answer } from './answer';
import classes from './chat.module.css';
import type { ChatEntry } from './entries';
import { Question } from './question';
import { texts } from './texts';

/** The last answers show which tools were called: each takes a request. */
const WITH_TOOLS = 8;

interface MessageLogProps {
  entries: readonly ChatEntry[];
  chat: ChatFlow;
  session: string;
  /** What was written, and is not an entry yet. */
  unsent: readonly string[];
  onChange: () => void;
}

/** The messages of a conversation. The end is in sight, unless somebody has scrolled up. */
export function MessageLog({ entries, chat, session, unsent, onChange }: MessageLogProps) {
  const box = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLOListElement>(null);
  const isAtEnd = useRef(true);
  const look = () => {
    const { scrollTop = 0, scrollHeight = 0, clientHeight = 0 } = box.current ?? {};
    isAtEnd.current = scrollTop + clientHeight >= scrollHeight - 40;
  };
  useLayoutEffect(() => {
    if (!list.current) return;
    const follow = new ResizeObserver(() => {
      if (box.current && isAtEnd.current) box.current.scrollTop = box.current.scrollHeight;
    });
    follow.observe(list.current);
    return () => follow.disconnect();
  }, []);
  const last = entries.at(-1);
  const isQuiet = unsent.length === 0 && entries.every(({ row }) => row === null || isFinished(row.status));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must reach it.
    <section ref={box} className={classes.log} tabIndex={0} aria-label={texts.messages} onScroll={look}>
      <ol ref={list} className={classes.entries}>
        {entries.length === 0 && unsent.length === 0 && <li className={classes.empty}>{texts.empty}</li>}
        {entries.map((entry, at) => (
          <li key={entry.executionId} className={classes.entry}>
            <Question entry={entry} />
            <div className={classes.answer}>
              <span className={classes.mark}>
                <IconSparkles size={15} aria-hidden />
              </span>
              <div className={classes.said}>
                <span className="visually-hidden">{texts.answer}</span>
                <Answer
                  entry={entry}
                  nodeId={chat.nodeId}
                  hasTools={at >= entries.length - WITH_TOOLS}
                  onChange={onChange}
                />
                <div className={classes.below}>
                  <Details executionId={entry.executionId} nodeId={chat.nodeId} number={at + 1} />
                  {entry === last && entry.turn && isQuiet && (
                    <Regenerate key={entry.executionId} turn={entry.turn} {...{ chat, session, onChange }} />
                  )}
                </div>
              </div>
            </div>
          </li>
        ))}
        {unsent.map((message, at) => (
          // Messages are sent in their order, and may say the same.
          // biome-ignore lint/suspicious/noArrayIndexKey: see above.
          <li key={at} className={classes.entry}>
            <div className={classes.question} data-sending>
              <span className="visually-hidden">{texts.you}</span>
              <div className={classes.text}>{visible(message)}</div>
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Details({ executionId, nodeId, number }: { executionId: string; nodeId: string; number: number }) {
  return (
    <Link
      to="/executions/$executionId"
      params={{ executionId }}
      search={{ node: nodeId }}
      className={classes.quietLink}
      aria-label={texts.detailsOf(number)}
    >
      {texts.details}
    </Link>
  );
}

interface RegenerateProps {
  turn: SessionTurn;
  chat: ChatFlow;
  session: string;
  onChange: () => void;
}

function Regenerate({ turn, chat, session, onChange }: RegenerateProps) {
  const key = useRef(idempotencyKey());
  const { why } = useMay('control_executions');
  const again = useMutation({
    mutationFn: () => regenerateTurn({ agent: chat.agentId, key: session }, turn.number, key.current),
    onSuccess: onChange,
  });
  return (
    <>
      <ReasonedButton
        reason={why}
        variant="subtle"
        color="gray"
        size="compact-xs"
        leftSection={<IconRefresh size={13} aria-hidden />}
        loading={again.isPending}
        onClick={() => again.mutate()}
      >
        {texts.regenerate}
      </ReasonedButton>
      {again.error && <ProblemCard problem={again.error} />}
    </>
  );
}
