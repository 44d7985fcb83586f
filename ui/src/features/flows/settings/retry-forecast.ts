/** What retry settings mean in time: how many attempts, which waits between them, and what a timeout cuts off. */
import type { Flow, FlowNode } from '@/api/types';

/** The keys that decide when a failed node is tried again; waits are in seconds. */
export interface RetryPolicy {
  /** Attempts after the first, 0 to 10. */
  count: number;
  initialInterval: number;
  coefficient: number;
  maxInterval: number;
  /** Share of each wait that is drawn by lot, 0 to 1: waits may be that much shorter. */
  jitter: number;
}

/** The engine's own defaults: 1 s, doubling, at most ten minutes. */
const DEFAULTS: RetryPolicy = { count: 0, initialInterval: 1, coefficient: 2, maxInterval: 600, jitter: 0 };

export interface RetryForecast {
  attempts: number;
  /** The wait after each attempt but the last, in seconds, at its longest. */
  waits: readonly number[];
  /** All waits together, in seconds. */
  totalWait: number;
  /** How many attempts can begin before the timeout strikes, even if none takes any time. */
  attemptsInTime: number;
  /** Whether the timeout strikes before the last attempt could begin. */
  isCut: boolean;
}

/** Forecasts the attempts of a node whose every attempt fails at once; `null` is no timeout. */
export function forecastRetry(policy: RetryPolicy, timeoutSeconds: number | null): RetryForecast {
  const waits = Array.from({ length: policy.count }, (_, at) => waitAfter(policy, at + 1));
  const totalWait = waits.reduce((sum, wait) => sum + wait, 0);
  const attempts = policy.count + 1;
  const attemptsInTime = timeoutSeconds === null ? attempts : startsBefore(waits, timeoutSeconds);
  return { attempts, waits, totalWait, attemptsInTime, isCut: attemptsInTime < attempts };
}

/** The longest wait after attempt `number`, which counts from 1. */
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

/** The policy of a node that says nothing itself. */
export function flowPolicy(flow: Pick<Flow, 'retry_on_failure' | 'retry_count'>): RetryPolicy {
  return { ...DEFAULTS, count: flow.retry_on_failure ? flow.retry_count : 0 };
}

/** The policy of one node: its own keys laid over the flow's settings, key by key. */
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

/** The nodes that have retry settings of their own. */
export function nodesWithOwnRetry(nodes: readonly FlowNode[]): FlowNode[] {
  return nodes.filter((node) => isRecord(node.retry) && Object.values(node.retry).some((value) => value !== null));
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
