/** One table for every status: its label, tone and icon. */

import {
  IconArrowForwardUp,
  IconBan,
  IconCircleCheckFilled,
  IconCircleDashed,
  IconCircleXFilled,
  IconHourglass,
  IconLoader2,
  IconPlayerPauseFilled,
  IconRefresh,
  IconUserQuestion,
} from '@tabler/icons-react';
import type { ComponentType } from 'react';
import type { ExecutionStatus, NodeStatus } from '@/api/types';
import { texts } from './look-texts';

/** A status as shown to people: the status itself, or why something pending or running does not progress. */
export type StatusKey = NodeStatus | 'retrying' | 'waiting' | 'decision' | 'recovered';

/** A colour family; `styles/tones.css` gives each its colours in light and dark. */
export type Tone = 'neutral' | 'info' | 'success' | 'warning' | 'danger' | 'muted' | 'attention';

export interface StatusLook {
  label: string;
  tone: Tone;
  icon: ComponentType<{ size?: number | string; className?: string; 'aria-hidden'?: boolean }>;
  /** Whether the icon spins, because something is happening right now. */
  spins?: boolean;
}

/** In the order of the state machine: pending, running, paused, completed, failed, cancelled, skipped. */
export const STATUS_LOOKS: Record<StatusKey, StatusLook> = {
  pending: { label: texts.statuses.pending, tone: 'neutral', icon: IconCircleDashed },
  running: { label: texts.statuses.running, tone: 'info', icon: IconLoader2, spins: true },
  paused: { label: texts.statuses.paused, tone: 'attention', icon: IconPlayerPauseFilled },
  completed: { label: texts.statuses.completed, tone: 'success', icon: IconCircleCheckFilled },
  failed: { label: texts.statuses.failed, tone: 'danger', icon: IconCircleXFilled },
  cancelled: { label: texts.statuses.cancelled, tone: 'muted', icon: IconBan },
  skipped: { label: texts.statuses.skipped, tone: 'muted', icon: IconArrowForwardUp },
  retrying: { label: texts.statuses.retrying, tone: 'warning', icon: IconRefresh },
  waiting: { label: texts.statuses.waiting, tone: 'neutral', icon: IconHourglass },
  decision: { label: texts.statuses.decision, tone: 'attention', icon: IconUserQuestion },
  recovered: { label: texts.statuses.recovered, tone: 'success', icon: IconRefresh },
};

export const EXECUTION_STATUSES: readonly ExecutionStatus[] = [
  'pending',
  'running',
  'paused',
  'completed',
  'failed',
  'cancelled',
];

const FINISHED: readonly string[] = ['completed', 'failed', 'cancelled', 'skipped'];

/** Whether the status is final. */
export function isFinished(status: string): boolean {
  return FINISHED.includes(status);
}

/** Whether an execution with this status can be retried. */
export function isRetryable(status: string): boolean {
  return status === 'failed' || status === 'cancelled';
}

interface NodeSituation {
  status: string;
  next_retry_at?: string | null;
  waiting_for?: string | null;
}

/** Returns what to show for a node execution: a backoff, decision or wait is more specific than `pending` or `running`. */
export function nodeStatusKey(node: NodeSituation): StatusKey {
  if (isFinished(node.status)) return node.status as StatusKey;
  if (node.waiting_for === 'decision' || node.waiting_for === 'approval') return 'decision';
  if (node.status === 'pending' && node.next_retry_at) return 'retrying';
  if (node.waiting_for) return 'waiting';
  return isStatusKey(node.status) ? node.status : 'pending';
}

interface ExecutionSituation {
  status: ExecutionStatus;
  retrying?: boolean;
  waiting_for?: string | null;
}

/** Returns what to show for an execution: a decision, retry or wait is more specific than `running`. */
export function executionStatusKey({ status, retrying, waiting_for }: ExecutionSituation): StatusKey {
  if (status !== 'running') return status;
  if (waiting_for === 'decision' || waiting_for === 'approval') return 'decision';
  if (retrying) return 'retrying';
  return waiting_for ? 'waiting' : status;
}

function isStatusKey(value: string): value is StatusKey {
  return Object.hasOwn(STATUS_LOOKS, value);
}
