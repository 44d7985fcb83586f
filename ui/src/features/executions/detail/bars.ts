/** The bars of one node in the timeline, from the journal. All functions are pure; times are milliseconds since the epoch. */
import type { Attempt, JournalEvent, NodeExecution, WaitingFor } from '@/api/types';
import { millis } from '@/lib/time';
import { isOfNode } from './asked';

/** `ok`, `bad`, `run` and `cut` (stopped from outside) are attempts; `gap` is a backoff; `wait` is a delay, a decision or another wait. */
export type BarKind = 'ok' | 'bad' | 'run' | 'cut' | 'gap' | 'wait';

/** What a node waits for: what the API calls `waiting_for`, the end of a pause, or a server that continues it. */
type Reason = WaitingFor | 'paused' | 'released';

export interface Bar {
  key: string;
  kind: BarKind;
  from: number;
  /** `null` while it is in progress; then it extends to the current time. */
  to: number | null;
  /** When something in progress is due to end, if known. */
  due: number | null;
  attempt: Attempt | null;
  /** Why, for a wait. */
  reason: Reason | null;
}

/** Returns the bars of a node from the events that are about it or about the whole execution. */
export function barsOf(node: NodeExecution, events: readonly JournalEvent[]): Bar[] {
  const bars = new Bars(node);
  for (const event of events) bars.add(event);
  return bars.all;
}

class Bars {
  readonly all: Bar[] = [];
  private pausedAt: number | null = null;

  constructor(private readonly node: NodeExecution) {}

  add(event: JournalEvent): void {
    const at = millis(event.at) ?? 0;
    switch (event.type) {
      case 'attempt_started':
        this.close(at);
        this.open('run', at, { attempt: this.attempt(event.attempt) });
        break;
      case 'attempt_failed':
        // The server stopped, not what was asked.
        this.close(at, event.error_class === 'interrupted' ? 'cut' : 'bad');
        if (event.next_retry_at) this.open('gap', at, { due: millis(event.next_retry_at), attempt: this.last() });
        break;
      case 'attempt_released':
        this.close(at, 'cut');
        this.open('wait', at, { reason: 'released' });
        break;
      case 'node_waiting':
        this.close(at);
        this.open('wait', at, { due: millis(event.waiting_until), reason: event.waiting_for ?? null });
        break;
      case 'approval_requested':
        // Calls of a model wait within its attempt.
        if (event.subject === 'node') this.ask(at, millis(event.expires_at));
        break;
      case 'approval_decided':
        if (isOfNode(event.step)) this.close(at);
        break;
      case 'event_awaited':
        this.close(at);
        this.open('wait', at, { due: millis(event.waiting_until), reason: 'event' });
        break;
      case 'backoff_ended':
      case 'resolved':
      case 'node_failed':
      case 'node_skipped':
        this.close(at);
        break;
      case 'node_completed':
        this.complete(at);
        break;
      case 'paused':
        this.pausedAt = at;
        break;
      case 'resumed':
        this.resume(at);
        break;
      case 'compensation_started':
      case 'finished':
        this.close(at, 'cut');
        break;
      default:
        break;
    }
  }

  private complete(at: number): void {
    // An attempt that took no time has no event of its own.
    const only = this.all.length === 0 ? this.node.attempts[0] : undefined;
    if (only && !this.node.reused) this.open('run', at, { attempt: only });
    this.close(at, 'ok');
  }

  /** A node waits from the event before on; this one says until when. */
  private ask(at: number, due: number | null): void {
    const bar = this.running();
    if (bar?.reason === 'approval') bar.due = due;
    else this.open('wait', at, { due, reason: 'approval' });
  }

  /** What was due during a pause waited for the end of the pause from then on. */
  private resume(at: number): void {
    const bar = this.running();
    const paused = this.pausedAt;
    this.pausedAt = null;
    if (paused === null || !bar || bar.due === null || bar.due >= at) return;
    const from = Math.max(bar.due, paused);
    this.close(from);
    this.open('wait', from, { reason: 'paused' });
  }

  private open(kind: BarKind, from: number, more: Partial<Bar>): void {
    const key = String(this.all.length);
    this.all.push({ key, kind, from, to: null, due: null, attempt: null, reason: null, ...more });
  }

  /** Ends what is in progress; an attempt then has this outcome. */
  private close(at: number, outcome: BarKind = 'cut'): void {
    const bar = this.running();
    if (!bar) return;
    bar.to = at;
    if (bar.kind === 'run') bar.kind = outcome;
  }

  private running(): Bar | undefined {
    const bar = this.all.at(-1);
    return bar?.to === null ? bar : undefined;
  }

  private last(): Attempt | null {
    return this.all.at(-1)?.attempt ?? null;
  }

  private attempt(number: number): Attempt | null {
    return this.node.attempts.find((attempt) => attempt.number === number) ?? null;
  }
}
