import { useQuery } from '@tanstack/react-query';
import { createContext, useContext, useEffect, useMemo, useRef } from 'react';
import { testNode } from '@/api/flows';
import { toProblem } from '@/api/problem';
import type { Flow, FlowDefinition, FlowEdge, FlowNode } from '@/api/types';
import { freeId, idsOf, nodeById } from '../document/definition';
import { useDraftStore } from '../document/draft-context';
import { type Catalogue, typeOf } from '../document/node-types';
import { nodeTypesQuery } from '../document/queries';
import { useBenchStore } from './bench-context';
import { type Chain, type ChainKind, chainOf, type Failed } from './chain';
import { readBy } from './read-by';
import { type ChainTools, runChain } from './run-chain';
import { texts } from './texts';
import { usePinLookup, valuesOf } from './use-pins';

export interface Testing {
  /** Tests a node, and what is before or after it. */
  start(id: string, kind: ChainKind): void;
  /** Stops what is under way. A request that was sent cannot be undone. */
  stop(): void;
  /** Ends the backoff that is waited for. */
  retryNow(): void;
}

export const TestingContext = createContext<Testing | null>(null);

export function useTests(): Testing {
  const testing = useContext(TestingContext);
  if (!testing) throw new Error('There is no testing around this component.');
  return testing;
}

/** Tests nodes of the flow's own graph. What is under way stops when the editor closes. */
export function useTesting(flow: Flow, onStart: (id: string) => void): Testing {
  const store = useDraftStore();
  const bench = useBenchStore();
  const look = usePinLookup(flow.id);
  const catalogue = useQuery(nodeTypesQuery()).data;
  const latest = useRef({ flow, catalogue, onStart });
  useEffect(() => {
    latest.current = { flow, catalogue, onStart };
  });
  const control = useRef<AbortController | null>(null);
  const skipWait = useRef<() => void>(() => {});
  useEffect(() => () => control.current?.abort(), []);

  return useMemo(() => {
    const stop = () => control.current?.abort();
    const run = async (chain: Chain, definition: FlowDefinition, signal: AbortSignal) => {
      const tools: ChainTools = {
        ...toolsOf(definition, look, signal),
        whyNot: (node) => whyNot(node, latest.current.catalogue),
        wait: (until) =>
          waitUntil(until, signal, (skip) => {
            skipWait.current = skip;
          }),
        report: (id, step) => {
          if (bench.getState().chain?.number === chain.number) bench.getState().step(id, step);
        },
      };
      const { test } = tools;
      tools.test = async (id, skipped) => {
        const tested = await test(id, skipped);
        const node = nodeById(definition, id);
        signal.throwIfAborted();
        if (node) bench.getState().tested(node, tested);
        return tested;
      };
      try {
        await runChain(chain, definition, latest.current.flow, tools);
      } catch (error) {
        const at = bench.getState().chain;
        const open = at?.order.find((id) => ['running', 'retrying', 'waiting'].includes(at.steps.get(id)?.at ?? ''));
        if (open === undefined) return;
        if (signal.aborted) return tools.report(open, { at: 'cancelled' });
        const failed: Failed = {
          error_class: 'internal',
          error_message: toProblem(error).detail,
          status: null,
          body: null,
        };
        tools.report(open, { at: 'failed', attempt: 1, attempts: 1, error: failed });
      } finally {
        bench.getState().end(chain);
      }
    };
    return {
      start: (id, kind) => {
        const { present, inside } = store.getState();
        if (inside.length > 0 || !nodeById(present, id)) return;
        stop();
        const number = (bench.getState().chain?.number ?? 0) + 1;
        const chain = chainOf(present, id, kind, number);
        control.current = new AbortController();
        bench.getState().begin(chain);
        latest.current.onStart(id);
        void run(chain, present, control.current.signal);
      },
      stop,
      retryNow: () => skipWait.current(),
    };
  }, [store, bench, look]);
}

function toolsOf(definition: FlowDefinition, look: ReturnType<typeof usePinLookup>, signal: AbortSignal) {
  const given = async (graph: FlowDefinition, id: string, skipped: ReadonlySet<string>) => {
    const node = nodeById(graph, id);
    const names = node ? readBy(graph, node).filter((name) => !skipped.has(name)) : [];
    return { flow_definition: graph, node_id: id, ...valuesOf(await look(names)) };
  };
  return {
    test: async (id: string, skipped: ReadonlySet<string>) => testNode(await given(definition, id, skipped), signal),
    decide: async (edge: FlowEdge): Promise<boolean | Failed> => {
      const { graph, id } = withCondition(definition, edge);
      const { output, error } = await testNode(await given(graph, id, new Set()), signal);
      if (error) return { ...error, error_message: `${edge.from} → ${edge.to}: ${error.error_message}` };
      return (output as { condition_result?: unknown } | null)?.condition_result === true;
    },
    pinned: async (id: string) => {
      const [pin] = await look([id]);
      return pin?.reading ? { value: pin.reading.value, isByHand: pin.origin === 'hand' } : null;
    },
  };
}

/** Returns the graph with a node that evaluates the condition of an edge. */
function withCondition(
  definition: FlowDefinition,
  { from, condition }: FlowEdge,
): { graph: FlowDefinition; id: string } {
  const id = freeId('edge_condition', idsOf(definition));
  const nodes = [...definition.nodes, { id, type: 'condition', condition }];
  return { graph: { ...definition, nodes, edges: [...definition.edges, { from, to: id }] }, id };
}

/** Why a node cannot be tested by itself; `null` where it can. */
function whyNot(node: FlowNode, catalogue: Catalogue | undefined): string | null {
  const traits = typeOf(catalogue?.types, node)?.traits;
  if (traits?.asks_people) return texts.waitsForPerson;
  if (traits?.awaits_events) return texts.waitsForEvent;
  return traits?.starts_children ? texts.startsChildren : null;
}

function waitUntil(until: number, signal: AbortSignal, onWait: (skip: () => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, Math.max(0, until - Date.now()));
    onWait(resolve);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
