import { IconListDetails, IconSparkles } from '@tabler/icons-react';
import type { ConversationStep } from '@/api/types';
import classes from '@/components/conversation/conversation.module.css';
import { Entry } from '@/components/conversation/entry';
import { isOf, type LiveTurn } from '@/components/conversation/live-turn';
import { ShownText, ShownValue } from '@/components/conversation/shown-value';
import { Duration } from '@/components/duration';
import { CopyLink } from '@/components/marked';
import { Prose } from '@/components/prose';
import { StatusIcon } from '@/components/status-icon';
import { usageText } from '@/components/usage-text';
import { texts as common } from '@/lib/texts';
import { CallNote } from './call-note';
import { GuardrailCall } from './guardrail-call';
import { LiveEntry } from './live-entry';
import { isOfTurn, type Turn } from './model';
import { iconOf } from './step-icon';
import { texts } from './texts';
import { ToolCall } from './tool-call';

interface TurnEntryProps {
  turn: Turn;
  /** What has been written of the turn under way, of this node. */
  live: LiveTurn | null;
  /** Who answers: the name of the model, or of the agent. */
  speaker: string;
  /** Whose model that is, if it is to be shown. */
  provider: string | null;
  file: string;
}

/** A response of the model: its thinking, what it said, and the tools that it called. */
export function TurnEntry({ turn, live, speaker, provider, file }: TurnEntryProps) {
  const { call, tools, number } = turn;
  const written = call && writtenOf(call.step, live);
  const summarized = call?.step.summarizes;
  const title = call || number === null ? speaker : texts.toolsOf(number);
  const detail = call && number !== null ? [texts.turn(number), provider].filter(Boolean).join(' · ') : null;
  return (
    <Entry
      icon={summarized ? IconListDetails : IconSparkles}
      tone={summarized ? 'neutral' : 'info'}
      title={summarized ? texts.summary(summarized) : title}
      detail={summarized ? speaker : detail}
      chip={call?.repeats ? texts.again.asked : null}
      meta={call && <CallMeta step={call.step} />}
      step={call?.step.number}
    >
      {call && (
        <>
          <Used step={call.step} />
          <Thinking step={call.step} file={file} />
          {call.step.text !== null && (
            <ShownText value={call.step.text} fileName={`${file}-${call.step.number}.json`} />
          )}
          {written && <LiveEntry turn={written} />}
          <CallNote call={call} isWriting={written !== null} />
          <Response step={call.step} file={file} />
          <Output step={call.step} file={file} />
          {typeof call.step.refusal === 'string' && (
            <div className={classes.note} data-tone="warning">
              <strong>{texts.outputRefused}</strong> <Prose text={call.step.refusal} /> {texts.toldNext}
            </div>
          )}
        </>
      )}
      {tools.length > 0 && (
        <ul className={classes.tools} aria-label={texts.tools}>
          {tools.map((tool) =>
            typeof tool.step.guardrail === 'string' ? (
              <GuardrailCall key={tool.step.number} call={tool} file={file} />
            ) : (
              <ToolCall key={tool.step.number} call={tool} file={file} />
            ),
          )}
        </ul>
      )}
    </Entry>
  );
}

/** Returns what has been written of a call, if it is under way. */
function writtenOf(step: ConversationStep, live: LiveTurn | null): LiveTurn | null {
  const isUnderWay = step.status === 'running' && !isOfTurn(step) && isOf(live, step.attempt, step.name ?? null);
  return isUnderWay ? live : null;
}

function CallMeta({ step }: { step: ConversationStep }) {
  return (
    <>
      <CopyLink part={{ step: step.number }} label={common.linkTo.step(step.number)} />
      <Duration startedAt={step.started_at} endedAt={step.ended_at} ms={step.duration_ms} />
      <StatusIcon status={iconOf(step)} size={14} label={texts.state[step.status]} />
    </>
  );
}

function Used({ step }: { step: ConversationStep }) {
  const usage = usageText(step.usage);
  return usage && <p className={classes.aside}>{texts.tokens(usage)}</p>;
}

/** What was received instead of an output. */
function Response({ step, file }: { step: ConversationStep; file: string }) {
  if (step.response === null) return null;
  return (
    <div className={classes.field}>
      <span className={classes.fieldName}>{texts.response}</span>
      <ShownText value={step.response} fileName={`${file}-${step.number}-response.json`} />
    </div>
  );
}

/** The output of the skill, with the last response. */
function Output({ step, file }: { step: ConversationStep; file: string }) {
  if (step.output === null) return null;
  return (
    <div className={classes.output}>
      <span className={classes.fieldName}>{texts.output}</span>
      <ShownValue value={step.output} fileName={`${file}-output.json`} />
    </div>
  );
}

function Thinking({ step, file }: { step: ConversationStep; file: string }) {
  if (step.thinking === null) return null;
  return (
    <details className={classes.thinking}>
      <summary>{texts.thinking}</summary>
      <ShownText value={step.thinking} fileName={`${file}-${step.number}-thinking.json`} />
    </details>
  );
}
