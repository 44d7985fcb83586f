import { Button } from '@mantine/core';
import { IconListDetails, IconSparkles, IconUser } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { SessionTurn, TurnsSummary } from '@/api/sessions';
import { texts as common } from '@/lib/texts';
import { millis } from '@/lib/time';
import { RelativeTime } from '../relative-time';
import { usageText } from '../usage-text';
import classes from './conversation.module.css';
import { Entry } from './entry';
import { ShownText, ShownValue } from './shown-value';

const texts = common.conversation;

interface SessionTurnsProps {
  /** In order. */
  turns: readonly SessionTurn[];
  /** What stands for turns before these. */
  summary?: TurnsSummary | null | undefined;
  /** When they were read; one that is newer is not what was read then. */
  readAt?: string | undefined;
  hasEarlier: boolean;
  isLoading: boolean;
  onEarlier: () => void;
}

/** What was asked and answered in a session. All of it is text. */
export function SessionTurns({ turns, summary, readAt, hasEarlier, isLoading, onEarlier }: SessionTurnsProps) {
  return (
    <div className={classes.conversation}>
      {summary && <Summary summary={summary} />}
      {hasEarlier && (
        <Button size="xs" variant="default" loading={isLoading} onClick={onEarlier}>
          {texts.earlier}
        </Button>
      )}
      {turns.length === 0 && !summary && <p className={classes.aside}>{texts.noTurns}</p>}
      <ol className={classes.entries} aria-label={texts.turns}>
        {turns.map((turn) => (
          <Turn key={turn.number} turn={turn} isNewer={isNewer(turn, readAt)} />
        ))}
      </ol>
    </div>
  );
}

/** What models are given in the place of the oldest turns. */
function Summary({ summary: { up_to_turn: upTo, text, execution_id: executionId, node_id: node } }: SummaryProps) {
  return (
    <ol className={classes.entries} aria-label={texts.summary}>
      <Entry
        icon={IconListDetails}
        tone="neutral"
        title={texts.summary}
        detail={texts.turnsUpTo(upTo)}
        meta={
          <Link
            to="/executions/$executionId"
            params={{ executionId }}
            search={{ node }}
            className={classes.link}
            aria-label={texts.openExecutionOfSummary}
          >
            {texts.openExecution}
          </Link>
        }
      >
        <ShownText value={text} fileName={`summary-${upTo}.json`} />
      </Entry>
    </ol>
  );
}

interface SummaryProps {
  summary: TurnsSummary;
}

function isNewer({ answered_at: at }: SessionTurn, readAt: string | undefined): boolean {
  return readAt !== undefined && (millis(at) ?? 0) > (millis(readAt) ?? 0);
}

function Turn({ turn, isNewer }: { turn: SessionTurn; isNewer: boolean }) {
  const { number, execution_id: executionId, node_id: node } = turn;
  const usage = usageText({ input_tokens: turn.input_tokens, output_tokens: turn.output_tokens, cost: null });
  return (
    <>
      <Entry
        icon={IconUser}
        tone="neutral"
        title={texts.input}
        detail={texts.turn(number)}
        chip={isNewer ? texts.writtenSince : null}
        meta={
          <Link
            to="/executions/$executionId"
            params={{ executionId }}
            search={{ node }}
            className={classes.link}
            aria-label={texts.openExecutionOf(number)}
          >
            {texts.openExecution}
          </Link>
        }
      >
        <ShownValue value={turn.question} fileName={`turn-${number}-input.json`} />
      </Entry>
      <Entry
        icon={IconSparkles}
        tone="info"
        title={texts.answer}
        detail={usage && texts.tokens(usage)}
        meta={<RelativeTime time={turn.answered_at} />}
      >
        <ShownValue value={turn.answer} fileName={`turn-${number}-output.json`} />
      </Entry>
    </>
  );
}
