/** What retry settings mean over time: the number of attempts, their backoffs, and what a timeout cuts off. */
import type { Flow, FlowNode } from '@/api/types';
import { isRecord, numberOf } from '@/lib/json';

/** The settings that decide when a failed node is retried; intervals are in seconds. */
export interface RetryPolicy {
  /** Attempts after the first, 0 to 10. */
  count: number;
  initialInterval: number;
  coefficient: number;
  maxInterval: number;
  /** Random share of each backoff, 0 to 1: backoffs may be that much shorter. */
  jitter: number;
}

/** The engine's own defaults: 1 s, doubling, at most ten minutes. */
const DEFAULTS: RetryPolicy = { count: 0, initialInterval: 1, coefficient: 2, maxInterval: 600, jitter: 0 };

export interface RetryForecast {
  attempts: number;
  /** The longest backoff after each attempt but the last, in seconds. */
  waits: readonly number[];
  /** The sum of all backoffs, in seconds. */
  totalWait: number;
  /** How many attempts can start before the timeout, even if none takes any time. */
  attemptsInTime: number;
  /** Whether the timeout ends the execution before the last attempt can start. */
  isCut: boolean;
}

/** Forecasts the attempts of a node that always fails immediately; `null` is no timeout. */
export function forecastRetry(policy: RetryPolicy, timeoutSeconds: number | null): RetryForecast {
  const waits = Array.from({ length: policy.count }, (_, at) => waitAfter(policy, at + 1));
  const totalWait = waits.reduce((sum, wait) => sum + wait, 0);
  const attempts = policy.count + 1;
  const attemptsInTime = timeoutSeconds === null ? attempts : startsBefore(waits, timeoutSeconds);
  return { attempts, waits, totalWait, attemptsInTime, isCut: attemptsInTime < attempts };
}

/** Returns the longest backoff after attempt `number`, from 1. */
function waitAfter({ initialInterval, coefficient, maxInterval }: RetryPolicy, number: number): number {
  return Math.min(initialInterval * coefficient ** (number - 1), maxInterval);
}

function startsBefore(waits: readonly number[], timeoutSeconds: number): number {
  let at = 0;
  let started = 1;
  for (const wait of waits) {
    at += wait;
    if (at >= timeoutSeconds) break;
    started += 1;
  }
  return started;
}

/** Returns the policy of a node without retry settings of its own. */
export function flowPolicy(flow: Pick<Flow, 'retry_on_failure' | 'retry_count'>): RetryPolicy {
  return { ...DEFAULTS, count: flow.retry_on_failure ? flow.retry_count : 0 };
}

/** Returns the policy of one node: its own settings override the flow's, key by key. */
export function nodePolicy(flow: Pick<Flow, 'retry_on_failure' | 'retry_count'>, node: FlowNode): RetryPolicy {
  const own = isRecord(node.retry) ? node.retry : {};
  const isOn = typeof own.enabled === 'boolean' ? own.enabled : flow.retry_on_failure;
  return {
    count: isOn ? numberOr(own.count, flow.retry_count) : 0,
    initialInterval: numberOr(own.initial_interval_seconds, DEFAULTS.initialInterval),
    coefficient: numberOr(own.backoff_coefficient, DEFAULTS.coefficient),
    maxInterval: numberOr(own.max_interval_seconds, DEFAULTS.maxInterval),
    jitter: numberOr(own.jitter, DEFAULTS.jitter),
  };
}

/** Returns the nodes that override the flow's retries. */
export function nodesWithOwnRetry(nodes: readonly FlowNode[]): FlowNode[] {
  return nodes.filter((node) => isRecord(node.retry) && Object.values(node.retry).some((value) => value !== null));
}

function numberOr(value: unknown, otherwise: number): number {
  return numberOf(value) ?? otherwise;
}
