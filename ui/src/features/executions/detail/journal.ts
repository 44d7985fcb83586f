/** The journal of an execution as readable lines: one for each event. All functions are pure. */

import type { Actor, Execution, JournalEvent } from '@/api/types';
import { errorClassLabel } from '@/components/error-classes';
import type { Tone } from '@/components/status';
import { own } from '@/lib/own';
import { formatDuration, millis } from '@/lib/time';
import { isOfNode } from './asked';
import { texts } from './texts';

export type LineKind = 'execution' | 'attempt' | 'node';

export interface JournalLine {
  key: string;
  seq: number;
  /** Milliseconds since the epoch. */
  at: number;
  kind: LineKind;
  isError: boolean;
  tone: Tone;
  node: { id: string; name: string } | null;
  text: string;
  detail: string | null;
  /** Who did it, if it was not the engine itself. */
  by: string | null;
}

/** A cache of lines: the line of an event stays the same object and is not rendered again. */
const made = new WeakMap<JournalEvent, JournalLine>();

/** Returns a line for each event. */
export function linesOf(journal: readonly JournalEvent[], execution: Execution): JournalLine[] {
  const names = new Map(execution.node_executions.map((node) => [node.node_id, node.node_name]));
  return journal.map((event, at) => {
    const line = made.get(event) ?? makeLine(event, String(at), names);
    made.set(event, line);
    return line;
  });
}

function makeLine(event: JournalEvent, key: string, names: ReadonlyMap<string, string>): JournalLine {
  const id =
    'node_id' in event && event.type !== 'finished' && event.type !== 'compensation_started' ? event.node_id : null;
  return {
    key,
    seq: event.seq,
    at: millis(event.at) ?? 0,
    node: id === null ? null : { id, name: names.get(id) ?? id },
    isError: false,
    detail: null,
    by: 'by' in event ? actorText(event.by) : null,
    ...lineOf(event),
  };
}

type Line = Pick<JournalLine, 'kind' | 'tone' | 'text'> & Partial<Pick<JournalLine, 'isError' | 'detail'>>;

const { events } = texts;

function lineOf(event: JournalEvent): Line {
  switch (event.type) {
    case 'accepted':
      return { kind: 'execution', tone: 'neutral', text: events.accepted };
    case 'started':
      return { kind: 'execution', tone: 'info', text: events.started };
    case 'adopted':
      return { kind: 'execution', tone: 'neutral', text: events.adopted(event.worker) };
    case 'paused':
      return { kind: 'execution', tone: 'attention', text: events.paused };
    case 'resumed':
      return { kind: 'execution', tone: 'info', text: events.resumed };
    case 'compensation_started':
      return {
        kind: 'execution',
        tone: 'warning',
        isError: event.ending_as === 'failed',
        text: events.compensationStarted(event.ending_as, event.order.length),
        detail: event.error_message ?? null,
      };
    case 'finished':
      return finished(event);
    case 'attempt_started':
      return { kind: 'attempt', tone: 'info', text: events.attemptStarted(event.attempt) };
    case 'attempt_failed':
      return attemptFailed(event);
    case 'attempt_released':
      return { kind: 'attempt', tone: 'muted', text: events.attemptReleased(event.attempt) };
    case 'step_started':
      return { kind: 'attempt', tone: 'info', text: events.stepStarted(event.step, event.tool) };
    case 'step_completed':
      return { kind: 'attempt', tone: 'success', text: events.stepCompleted(event.step) };
    case 'step_failed':
      return {
        kind: 'attempt',
        tone: 'warning',
        isError: true,
        text: events.stepFailed(event.step),
        detail: errorOf(event),
      };
    case 'task_started':
      return { kind: 'attempt', tone: 'info', text: events.taskStarted(event.step) };
    case 'task_resumed':
      return { kind: 'attempt', tone: 'info', text: events.taskResumed(event.step) };
    case 'task_ended':
      return { kind: 'attempt', tone: 'neutral', text: events.taskEnded(event.step) };
    case 'approval_requested':
      return {
        kind: event.subject === 'node' ? 'node' : 'attempt',
        tone: 'attention',
        text: requestedText(event),
      };
    case 'approval_decided':
      return {
        kind: isOfNode(event.step) ? 'node' : 'attempt',
        tone: event.decision === 'approved' ? 'info' : 'warning',
        text: isOfNode(event.step)
          ? events.nodeDecided[event.decision]
          : events.approvalDecided(event.step, event.decision, event.is_edited),
        detail: event.comment ?? null,
      };
    case 'children_started':
      return { kind: 'node', tone: 'info', text: events.childrenStarted(event.children.length) };
    case 'child_ended':
      return childEnded(event);
    case 'node_completed':
      return { kind: 'node', tone: 'success', text: event.reused ? events.reused : events.nodeCompleted };
    case 'node_failed':
      return { kind: 'node', tone: 'danger', isError: true, text: events.nodeFailed };
    case 'node_skipped':
      return { kind: 'node', tone: 'muted', text: events.nodeSkipped };
    case 'node_waiting':
      return {
        kind: 'node',
        tone: 'neutral',
        text: own(texts.waterfall.waits, event.waiting_for ?? '') ?? events.waits,
      };
    case 'event_awaited':
      return { kind: 'node', tone: 'neutral', text: events.eventAwaited(event.event, event.correlation ?? null) };
    case 'session_taken':
      return { kind: 'node', tone: 'info', text: events.sessionTaken(event.session, event.turn) };
    case 'backoff_ended':
      return { kind: 'attempt', tone: 'info', text: events.backoffEnded };
    case 'resolved':
      return { kind: 'node', tone: 'attention', text: events.decided[event.decision], detail: event.message ?? null };
  }
}

type Of<Type extends JournalEvent['type']> = Extract<JournalEvent, { type: Type }>;

function requestedText({ subject, step, tool }: Of<'approval_requested'>): string {
  if (subject === 'node') return events.decisionRequested;
  return subject === 'input' ? events.inputRequested(tool) : events.approvalRequested(step, tool);
}

function finished({ status, error_message }: Of<'finished'>): Line {
  const tone = status === 'completed' ? 'success' : status === 'failed' ? 'danger' : 'muted';
  const detail = error_message ?? null;
  return { kind: 'execution', tone, isError: status === 'failed', text: events.ended(status), detail };
}

function attemptFailed(event: Of<'attempt_failed'>): Line {
  const due = millis(event.next_retry_at);
  const wait = due === null ? null : events.retryAfter(formatDuration(due - (millis(event.at) ?? due)));
  const failed = events.attemptFailed(event.attempt);
  const detail = [errorOf(event), event.gave_up].filter(Boolean).join('\n');
  return {
    kind: 'attempt',
    tone: wait ? 'warning' : 'danger',
    isError: true,
    text: wait ? `${failed}, ${wait}` : failed,
    detail,
  };
}

function childEnded(event: Of<'child_ended'>): Line {
  const isError = event.status === 'failed';
  const tone = event.status === 'completed' ? 'success' : isError ? 'warning' : 'muted';
  return {
    kind: 'node',
    tone,
    isError,
    text: events.childEnded(event.child + 1, event.status),
    detail: event.error_message ?? null,
  };
}

function errorOf(event: Of<'attempt_failed'> | Of<'step_failed'>): string {
  return `${errorClassLabel(event.error_class)}: ${event.error_message}`;
}

/** Returns who did something; `null` for the engine itself. */
function actorText(actor: Actor | null | undefined): string | null {
  if (!actor || actor.type === 'system') return null;
  return events.by(actor.type, actor.id ?? null);
}
