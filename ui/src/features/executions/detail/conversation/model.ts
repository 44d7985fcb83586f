/** The calls of a node that asks an agent, as a conversation. All functions are pure. */
import type { Asked, Attempt, Conversation, ConversationStep, NodeExecution } from '@/api/types';

/** What was said in one attempt. */
export interface AttemptPart {
  number: number;
  /** `undefined` where the execution has no room for all attempts. */
  attempt: Attempt | undefined;
  /** What the agent was asked with, where that is not the same as in the attempt before. */
  asked: Asked | undefined;
  turns: readonly Turn[];
}

/** A response of the agent, and what followed from it: the tools that it asked for, and guardrails. */
export interface Turn {
  key: string;
  /** `null` for an agent that is asked once. */
  number: number | null;
  /** `null` where an attempt goes on with tools that were asked for in an earlier one. */
  call: Call | null;
  tools: readonly Call[];
}

/** One call, and how it is related to others of the same name. */
export interface Call {
  step: ConversationStep;
  /** The call that this one repeats. */
  repeats: ConversationStep | null;
  /** The call that repeats this one. */
  repeatedBy: ConversationStep | null;
  /** What was asked at once because this call failed: another model for the same turn, or the turn without a summary. */
  leftFor: ConversationStep | null;
}

/** Returns what was said, attempt by attempt. */
export function partsOf({ steps, asked }: Conversation, attempts: NodeExecution['attempts']): AttemptPart[] {
  const calls = callsOf(steps);
  const numbers = [...new Set(steps.map((step) => step.attempt))];
  return numbers.map((number, place) => ({
    number,
    attempt: attempts.find((attempt) => attempt.number === number),
    asked: asked.findLast((question) => question.attempt > (numbers[place - 1] ?? 0) && question.attempt <= number),
    turns: turnsOf(calls.filter(({ step }) => step.attempt === number)),
  }));
}

function callsOf(steps: readonly ConversationStep[]): Call[] {
  const latest = new Map<string | null, Call>();
  let asked: Call | null = null;
  return steps.map((step) => {
    const before = latest.get(step.name ?? null);
    const call: Call = { step, repeats: before?.step ?? null, repeatedBy: null, leftFor: null };
    if (!isOfTurn(step)) {
      if (asked && goesOnBehind(asked.step, step)) asked.leftFor = step;
      asked = call;
    }
    if (before) before.repeatedBy = step;
    latest.set(step.name ?? null, call);
    return call;
  });
}

/** Whether a call of a model follows on one of another model, or a turn on a summary, that failed, in the same attempt. */
function goesOnBehind(before: ConversationStep, step: ConversationStep): boolean {
  const isNext = before.summarizes !== null || (before.turn !== null && before.turn === step.turn);
  return before.status === 'failed' && before.attempt === step.attempt && isNext;
}

/** Groups the calls of one attempt. Those of a turn follow each other, and tools follow the response that asked for them. */
function turnsOf(calls: readonly Call[]): Turn[] {
  const turns: (Turn & { tools: Call[] })[] = [];
  for (const call of calls) {
    const { step } = call;
    const number = step.turn ?? null;
    const last = turns.at(-1);
    if (isOfTurn(step) && last && last.number === number) last.tools.push(call);
    else if (isOfTurn(step)) turns.push({ key: `tools-${step.number}`, number, call: null, tools: [call] });
    else turns.push({ key: `turn-${step.number}`, number, call, tools: [] });
  }
  return turns;
}

/** Whether a call belongs to a response of the model: it calls a tool, or is made for a guardrail. */
export function isOfTurn(step: ConversationStep): boolean {
  return typeof step.tool === 'string' || typeof step.guardrail === 'string';
}
