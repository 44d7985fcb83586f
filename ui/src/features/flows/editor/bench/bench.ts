/** What tests of nodes have given while a flow is edited: pinned values, results, and the test that is under way. */
import { createStore } from 'zustand/vanilla';
import type { NodeTest } from '@/api/flows';
import type { FlowNode } from '@/api/types';
import { jsonText, parseJsonOr } from '@/lib/json';
import type { Chain, Step } from './chain';
import { fingerprintOf } from './pin';
import { dropPins, type Kept, keepPin, type Pins, readPins, type Source } from './pins';

export interface BenchState {
  /** By node id, or `TRIGGER`. */
  pins: ReadonlyMap<string, Pins>;
  /** The last test of each node since the editor was opened. */
  tests: ReadonlyMap<string, NodeTest>;
  /** The nodes that are tested now, or were last. */
  chain: Chain | null;

  /** Pins what somebody types in the place of an output. */
  type(name: string, text: string, node: FlowNode | undefined): void;
  /** Goes back to the value of the last execution. */
  unpin(name: string): void;
  /** Records the test of a node; its output is pinned. */
  tested(node: FlowNode, test: NodeTest): void;
  begin(chain: Chain): void;
  /** Records how far a node of the chain is. */
  step(id: string, step: Step): void;
  /** Records that the chain is over, unless another one has begun. */
  end(chain: Chain): void;
  dismiss(): void;
}

export type Bench = ReturnType<typeof createBench>;

/** Makes the bench of a flow. With sensitive data, nothing of it is stored in the browser. */
export function createBench(flow: string, isStored: boolean) {
  return createStore<BenchState>()((set, get) => {
    const pin = (name: string, source: Source, kept: Kept) => {
      set(({ pins }) => ({ pins: new Map([...pins, [name, { ...pins.get(name), [source]: kept }]]) }));
      if (isStored && parseJsonOr(kept.text) !== undefined) keepPin(flow, name, source, kept);
    };
    return {
      pins: isStored ? readPins(flow) : new Map(),
      tests: new Map(),
      chain: null,

      type: (name, text, node) => pin(name, 'hand', { text, at: Date.now(), of: node ? fingerprintOf(node) : '' }),
      unpin: (name) => {
        set(({ pins }) => ({ pins: new Map([...pins].filter(([other]) => other !== name)) }));
        dropPins(flow, name);
      },
      tested: (node, test) => {
        set(({ tests }) => ({ tests: new Map([...tests, [node.id, test]]) }));
        if (test.success)
          pin(node.id, 'test', { text: jsonText(test.output), at: Date.now(), of: fingerprintOf(node) });
      },
      begin: (chain) => set({ chain }),
      step: (id, step) => {
        const { chain } = get();
        if (chain) set({ chain: { ...chain, steps: new Map([...chain.steps, [id, step]]) } });
      },
      end: ({ number }) => {
        const { chain } = get();
        if (chain?.number === number) set({ chain: { ...chain, isOver: true } });
      },
      dismiss: () => set({ chain: null }),
    };
  });
}
