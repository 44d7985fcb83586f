import { IconFileText, IconUser } from '@tabler/icons-react';
import type { Asked, Conversation } from '@/api/types';
import classes from '@/components/conversation/conversation.module.css';
import { Entry } from '@/components/conversation/entry';
import type { LiveTurn } from '@/components/conversation/live-turn';
import { ShownText, ShownValue } from '@/components/conversation/shown-value';
import { Duration } from '@/components/duration';
import { errorClassLabel } from '@/components/error-classes';
import { formatClock, millis } from '@/lib/time';
import type { AttemptPart, Turn } from './model';
import { texts } from './texts';
import { TurnEntry } from './turn-entry';

interface AttemptEntriesProps {
  part: AttemptPart;
  conversation: Conversation;
  /** What has been written of the turn under way. */
  live: LiveTurn | null;
  /** Whether there are several, so that each has a heading. */
  hasHeading: boolean;
  /** How many attempts there may be. */
  max: number;
  file: string;
}

/** What was asked and answered in one attempt, in order. */
export function AttemptEntries({ part, conversation, live, hasHeading, max, file }: AttemptEntriesProps) {
  return (
    <>
      {hasHeading && <AttemptHeading part={part} max={max} />}
      <ol className={classes.entries} aria-label={texts.label(part.number)}>
        {part.asked && <Question asked={part.asked} conversation={conversation} file={file} />}
        {part.turns.map((turn) => (
          <TurnEntry key={turn.key} turn={turn} live={live} {...speakerOf(turn, conversation)} file={file} />
        ))}
      </ol>
    </>
  );
}

/** Who answers in a turn; its provider where that is another one than the agent's. */
function speakerOf({ call }: Turn, { agent }: Conversation): { speaker: string; provider: string | null } {
  const model = call?.step.model;
  const speaker = model?.model ?? agent?.model ?? agent?.name ?? texts.model;
  return { speaker, provider: model && model.provider !== agent?.provider ? model.provider : null };
}

function AttemptHeading({ part: { number, attempt, asked, turns }, max }: { part: AttemptPart; max: number }) {
  const first = turns[0];
  const goesOn = first?.call === null || (first?.number ?? 1) > 1;
  const began = millis(attempt?.started_at);
  return (
    <div className={classes.attempt}>
      <h4 className={classes.attemptTitle}>{texts.attempt(number, max)}</h4>
      {attempt?.error_class && <span className={classes.bad}>{errorClassLabel(attempt.error_class)}</span>}
      {attempt?.released && <span className={classes.detail}>{texts.released}</span>}
      {attempt && (
        <span className={classes.meta}>
          {began !== null && <span>{formatClock(began)}</span>}
          <Duration startedAt={attempt.started_at} endedAt={attempt.ended_at} ms={attempt.duration_ms} />
        </span>
      )}
      {!asked && <p className={classes.goesOn}>{goesOn ? texts.goesOn : texts.sameQuestion}</p>}
    </div>
  );
}

function Question({ asked, conversation, file }: { asked: Asked; conversation: Conversation; file: string }) {
  const given = givenToo(conversation);
  return (
    <>
      {(asked.instructions !== null || given) && (
        <Entry icon={IconFileText} tone="neutral" title={texts.instructions}>
          {asked.instructions !== null && (
            <ShownText value={asked.instructions} fileName={`${file}-instructions.json`} />
          )}
          {given && <p className={classes.aside}>{given}</p>}
        </Entry>
      )}
      <Entry icon={IconUser} tone="neutral" title={texts.input}>
        {asked.input === null ? (
          <p className={classes.aside}>{texts.noInput}</p>
        ) : (
          <ShownValue value={asked.input} fileName={`${file}-input.json`} />
        )}
      </Entry>
    </>
  );
}

function givenToo({ agent }: Conversation): string | null {
  if (!agent) return null;
  const tools = agent.tools.join(', ');
  if (agent.has_output_schema) return tools ? texts.schemaAndTools(tools) : texts.schema;
  return tools ? texts.onlyTools(tools) : null;
}
