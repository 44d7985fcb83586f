/** Tests nodes one after the other. */
import type { NodeTest } from '@/api/flows';
import { nodePolicy } from '@/api/retry-forecast';
import type { Flow, FlowDefinition, FlowEdge, FlowNode } from '@/api/types';
import { nodeById } from '../document/definition';
import { type Chain, type Failed, incomingOf, isRetried, isTaken, type Step } from './chain';

/** What a chain is tested with. Everything may throw, which ends the chain. */
export interface ChainTools {
  /** Tests a node with the values that are pinned by now, without those of skipped nodes. */
  test(id: string, skipped: ReadonlySet<string>): Promise<NodeTest>;
  /** Evaluates the condition of an edge. */
  decide(edge: FlowEdge): Promise<boolean | Failed>;
  /** Returns what is pinned for a node. */
  pinned(id: string): Promise<Pinned | null>;
  /** Why a node cannot be tested by itself, so that it needs a pin; `null` where it can. */
  whyNot(node: FlowNode): string | null;
  /** Waits out a backoff. */
  wait(until: number): Promise<void>;
  report(id: string, step: Step): void;
}

interface Pinned {
  value: unknown;
  /** Whether somebody typed it, so that the node is not to run. */
  isByHand: boolean;
}

type RetrySettings = Pick<Flow, 'retry_on_failure' | 'retry_count'>;

/** Runs a chain to its end, or to the first node that fails. */
export async function runChain(chain: Chain, definition: FlowDefinition, flow: RetrySettings, tools: ChainTools) {
  const outputs = new Map<string, { value: unknown }>();
  const skipped = new Set<string>();
  for (const id of chain.order) {
    const node = nodeById(definition, id);
    if (!node) continue;
    const way = id === chain.target && chain.kind !== 'upTo' ? true : await isReached(id);
    if (typeof way !== 'boolean')
      return tools.report(way.at, { at: 'failed', attempt: 1, attempts: 1, error: way.error });
    if (!way) {
      skipped.add(id);
      tools.report(id, { at: 'skipped' });
      continue;
    }
    const output = await outputOf(node);
    if (!output) return;
    outputs.set(id, output);
  }

  /** Whether an edge that is taken leads to a node, or none leads to it at all. */
  async function isReached(id: string): Promise<boolean | { at: string; error: Failed }> {
    const incoming = incomingOf(definition, id);
    if (incoming.length === 0) return true;
    for (const { edge, from } of incoming) {
      if (skipped.has(edge.from)) continue;
      // A node before the chain has run if a value is pinned for it.
      const output = outputs.get(edge.from) ?? (chain.order.includes(edge.from) ? null : await tools.pinned(edge.from));
      if (!output) continue;
      const taken = isTaken(edge, from, output.value);
      const verdict = taken === 'ask' ? await tools.decide(edge) : taken;
      if (typeof verdict !== 'boolean') return { at: edge.from, error: verdict };
      if (verdict) return true;
    }
    return false;
  }

  async function outputOf(node: FlowNode): Promise<{ value: unknown } | null> {
    const pinned = await tools.pinned(node.id);
    const why = tools.whyNot(node);
    // The node that was asked for runs, whatever is pinned.
    if (pinned && (why !== null || (pinned.isByHand && node.id !== chain.target))) {
      tools.report(node.id, { at: 'pinned' });
      return pinned;
    }
    if (why !== null) {
      const error = { error_class: 'configuration', error_message: why, status: null, body: null } as const;
      tools.report(node.id, { at: 'failed', attempt: 1, attempts: 1, error });
      return null;
    }
    return attemptsOf(node);
  }

  async function attemptsOf(node: FlowNode): Promise<{ value: unknown } | null> {
    const { count, initialInterval, coefficient, maxInterval } = nodePolicy(flow, node);
    const attempts = chain.kind === 'one' ? 1 : count + 1;
    for (let attempt = 1; ; attempt += 1) {
      tools.report(node.id, { at: 'running', attempt, attempts });
      const { success, output, error } = await tools.test(node.id, skipped);
      if (success || !error) {
        tools.report(node.id, { at: 'completed', attempt, attempts });
        return { value: output };
      }
      if (attempt >= attempts || !isRetried(node, error)) {
        tools.report(node.id, { at: 'failed', attempt, attempts, error });
        return null;
      }
      const wait = Math.min(initialInterval * coefficient ** (attempt - 1), maxInterval);
      const until = Date.now() + wait * 1_000;
      tools.report(node.id, { at: 'retrying', attempt, attempts, until, error });
      await tools.wait(until);
    }
  }
}
