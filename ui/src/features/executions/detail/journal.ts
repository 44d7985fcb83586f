/**
 * The journal of an execution as readable lines.
 *
 * The server sends records as the states that they led to, so each line is the difference between two states. All
 * functions are pure.
 */
import type { Attempt, Execution, NodeExecution } from '@/api/types';
import { errorClassLabel } from '@/components/error-classes';
import { isFinished, type Tone } from '@/components/status';
import { formatDuration, millis } from '@/lib/time';
import type { Change, RecordRow } from './changes';
import { texts } from './texts';

export type LineKind = 'execution' | 'attempt' | 'node';

export interface JournalLine {
  key: string;
  seq: number;
  /** Milliseconds since the epoch; `null` for events without a time. */
  at: number | null;
  kind: LineKind;
  isError: boolean;
  tone: Tone;
  node: { id: string; name: string } | null;
  text: string;
  detail: string | null;
}

/** The number of the record that accepts an execution. */
export const FIRST = 1;

interface Known {
  row: RecordRow | null;
  nodes: ReadonlyMap<string, NodeExecution>;
}

export const NOTHING_KNOWN: Known = { row: null, nodes: new Map() };

/** Returns the lines of one record, and the state after it. */
export function linesOf(change: Change, known: Known): { lines: JournalLine[]; known: Known } {
  const decided = millis(change.row.at);
  const begin = rowLines(change.row, known.row);
  const lines: Line[] = [];
  for (const node of change.nodes.values()) lines.push(...nodeLines(node, known.nodes.get(node.node_id)));
  const end = endLine(change.row, known.row);
  if (end) lines.push(end);
  // The first record is never sent; the first one that is sent shows its changes.
  const beginSeq = known.row ? change.seq : FIRST;
  return {
    lines: [...numbered(begin, beginSeq, 'row'), ...numbered(lines, change.seq, 'node')].map((line) => ({
      ...line,
      at: line.at ?? decided,
    })),
    known: { row: change.row, nodes: new Map([...known.nodes, ...change.nodes]) },
  };
}

/**
 * Returns the whole journal: the lines that were sent, and nodes that ended in the first record, which is never sent.
 */
export function wholeJournal(told: readonly JournalLine[], execution: Execution): JournalLine[] {
  const heard = new Set(told.map((line) => line.node?.id));
  const silent = execution.node_executions.filter((node) => !heard.has(node.node_id) && isFinished(node.status));
  const nodes = new Map(silent.map((node) => [node.node_id, node]));
  const known = told.length > 0 ? { ...NOTHING_KNOWN, row: execution } : NOTHING_KNOWN;
  const { lines } = linesOf({ seq: FIRST, row: execution, nodes }, known);
  return inTime([...told, ...lines.map((line) => ({ ...line, key: `silent.${line.key}` }))]);
}

/** Sorts by time; lines with the same time or without one keep the order of the journal. */
function inTime(lines: readonly JournalLine[]): JournalLine[] {
  const bySeq = [...lines].sort((a, b) => a.seq - b.seq);
  let last = 0;
  const timed = bySeq.map((line) => {
    last = line.at ?? last;
    return { line, at: last };
  });
  return timed.sort((a, b) => a.at - b.at).map(({ line }) => line);
}

function numbered(lines: readonly Line[], seq: number, part: string): JournalLine[] {
  return lines.map((line, at) => ({ ...line, seq, key: `${seq}.${part}.${at}` }));
}

type Line = Omit<JournalLine, 'key' | 'seq'>;

function rowLines(row: RecordRow, before: RecordRow | null): Line[] {
  const line = (at: string | null | undefined, tone: Tone, text: string): Line => ({
    at: millis(at),
    kind: 'execution',
    isError: false,
    tone,
    node: null,
    text,
    detail: null,
  });
  const lines: Line[] = [];
  if (!before) lines.push(line(row.created_at, 'neutral', texts.events.accepted));
  if (row.started_at && !before?.started_at) lines.push(line(row.started_at, 'info', texts.events.started));
  if (row.status === 'paused' && before?.status !== 'paused') lines.push(line(null, 'attention', texts.events.paused));
  if (before?.status === 'paused' && row.status !== 'paused' && !row.completed_at)
    lines.push(line(null, 'info', texts.events.resumed));
  return lines;
}

const END_TONES: Partial<Record<string, Tone>> = { completed: 'success', failed: 'danger', cancelled: 'muted' };

function endLine(row: RecordRow, before: RecordRow | null): Line | null {
  const tone = END_TONES[row.status];
  if (!tone || before?.status === row.status) return null;
  return {
    at: millis(row.completed_at),
    kind: 'execution',
    isError: row.status === 'failed',
    tone,
    node: null,
    text: texts.events.ended(row.status),
    detail: row.error_message ?? null,
  };
}

function nodeLines(node: NodeExecution, before: NodeExecution | undefined): Line[] {
  const name = { id: node.node_id, name: node.node_name };
  const lines: Line[] = [];
  for (const attempt of node.attempts) {
    const old = before?.attempts.find((other) => other.number === attempt.number);
    if (!old) lines.push({ ...attemptStarted(attempt), node: name });
    if (attempt.ended_at && !old?.ended_at) lines.push({ ...attemptEnded(node, attempt), node: name });
  }
  const wasInBackoff = before?.next_retry_at && !node.next_retry_at && node.attempts.length === before.attempts.length;
  if (wasInBackoff && node.status === 'pending') lines.push(nodeLine(name, 'info', texts.events.hurried));
  const wasDecided = before?.waiting_for === 'decision' && !node.waiting_for && node.status !== 'cancelled';
  if (wasDecided) lines.unshift(nodeLine(name, 'attention', texts.events.decided));
  if (node.waiting_for && node.waiting_for !== before?.waiting_for) lines.push(waitLine(node, name));
  if (node.status !== before?.status) lines.push(...statusLine(node, name));
  return lines;
}

function attemptStarted(attempt: Attempt): Omit<Line, 'node'> {
  const text = texts.events.attemptStarted(attempt.number);
  return { at: millis(attempt.started_at), kind: 'attempt', isError: false, tone: 'info', text, detail: null };
}

function attemptEnded(node: NodeExecution, attempt: Attempt): Omit<Line, 'node'> {
  const at = millis(attempt.ended_at);
  const { events } = texts;
  if (attempt.released || (!attempt.error_class && node.status === 'cancelled')) {
    return {
      at,
      kind: 'attempt',
      isError: false,
      tone: 'muted',
      text: events.attemptStopped(attempt.number),
      detail: null,
    };
  }
  if (!attempt.error_class) {
    return {
      at,
      kind: 'attempt',
      isError: false,
      tone: 'success',
      text: events.attemptSucceeded(attempt.number),
      detail: null,
    };
  }
  const wait = typeof attempt.backoff_ms === 'number' ? events.retryAfter(formatDuration(attempt.backoff_ms)) : null;
  const error = `${errorClassLabel(attempt.error_class)}: ${attempt.error_message ?? ''}`;
  const text = wait ? `${events.attemptFailed(attempt.number)}, ${wait}` : events.attemptFailed(attempt.number);
  return { at, kind: 'attempt', isError: true, tone: wait ? 'warning' : 'danger', text, detail: error };
}

function waitLine(node: NodeExecution, name: JournalLine['node']): Line {
  const text = texts.waterfall.waits[node.waiting_for ?? ''] ?? texts.events.waits;
  return { ...nodeLine(name, 'neutral', text), at: millis(node.attempts.at(-1)?.ended_at ?? node.started_at) };
}

const NODE_TONES: Partial<Record<string, Tone>> = {
  completed: 'success',
  failed: 'danger',
  cancelled: 'muted',
  skipped: 'muted',
};

function statusLine(node: NodeExecution, name: JournalLine['node']): Line[] {
  const text = node.reused ? texts.events.reused : texts.events.node[node.status];
  if (!text) return [];
  const tone = NODE_TONES[node.status] ?? 'neutral';
  return [{ ...nodeLine(name, tone, text), isError: node.status === 'failed', at: millis(node.completed_at) }];
}

function nodeLine(node: JournalLine['node'], tone: Tone, text: string): Line {
  return { at: null, kind: 'node', isError: false, tone, node, text, detail: null };
}
