import { describe, expect, it } from 'vitest';
import type { Execution, JournalEvent } from '@/api/types';
import { aJournal, aNode, anExecution, at, happened } from './samples';
import { ticksOf, wideEnough } from './time-axis';
import { toRows, toWaterfall } from './waterfall';

const waterfall = (execution: Execution, now: number, journal: readonly JournalEvent[] = []) =>
  toWaterfall(execution, now, toRows(execution, journal));

describe('rows of nodes that undo others', () => {
  it('shows what undid others behind the flow, in the order in which it ran, and not what only could have', () => {
    const undid = (node_id: string, compensates: string, from: number) =>
      aNode({ node_id, compensates, status: 'completed', started_at: at(from) });
    const unused = aNode({ node_id: 'recall', compensates: 'ship', status: 'skipped' });
    const flow = ['reserve', 'charge', 'ship'].map((node_id) => aNode({ node_id }));
    const nodes = [undid('release', 'reserve', 20), unused, ...flow, undid('refund', 'charge', 10)];

    const rows = toRows(anExecution({ node_executions: nodes }), []);

    expect(rows.map(({ node }) => node.node_id)).toEqual(['reserve', 'charge', 'ship', 'refund', 'release']);
  });
});

describe('toWaterfall', () => {
  it('ends with the last bar when the execution has ended', () => {
    const journal = aJournal([0, happened.attempt(1)], [2_500, happened.completed]);
    const execution = anExecution({ status: 'completed', completed_at: at(2_500), node_executions: [aNode()] });

    const { start, end } = waterfall(execution, 99_000_000, journal);

    expect(end - start).toBe(2_500);
  });

  it('makes room for the end of a backoff in progress', () => {
    const journal = aJournal([0, happened.attempt(1)], [1_000, happened.failure(1, 5_000)]);
    const execution = anExecution({ node_executions: [aNode()] });

    const { end, start, now } = waterfall(execution, Date.parse(at(2_000)), journal);

    expect(now - start).toBe(2_000);
    expect(end - start).toBeGreaterThan(5_000);
  });

  it('shows the deadline only where it does not squeeze the rest', () => {
    const near = anExecution({ status: 'completed', completed_at: at(9_000), deadline: at(10_000) });
    const far = anExecution({ status: 'completed', completed_at: at(9_000), deadline: at(900_000) });

    expect(waterfall(near, 0).deadline?.isShown).toBe(true);
    expect(waterfall(far, 0).deadline?.isShown).toBe(false);
  });
});

describe('toRows', () => {
  it('keeps the row of a node that nothing happened to', () => {
    const execution = anExecution({ node_executions: [aNode(), aNode({ node_id: 'other' })] });
    const journal = aJournal([0, happened.attempt(1)], [10, happened.failure(1, 900)], [20, happened.paused]);

    const first = toRows(execution, journal.slice(0, 1));
    const second = toRows(execution, journal.slice(0, 2));
    const paused = toRows(execution, journal);

    expect(second[1]).toBe(first[1]);
    expect(second[0]).not.toBe(first[0]);
    expect(paused[1]).not.toBe(second[1]);
  });
});

describe('the axis', () => {
  it('has few marks, at common steps', () => {
    expect(ticksOf(2_500).map((tick) => tick.label)).toEqual(['0', '500 ms', '1 s', '1.5 s', '2 s']);
    expect(ticksOf(90_000).map((tick) => tick.label)).toEqual(['0', '15 s', '30 s', '45 s', '1 min', '1 min 15 s']);
    for (const length of [3, 777, 61_000, 7e6, 9e8, 4e11]) expect(ticksOf(length).length).toBeLessThan(8);
  });

  it('does not change while the bars grow', () => {
    expect(wideEnough(10_100)).toBe(wideEnough(11_000));
    expect(wideEnough(11_000)).toBeGreaterThan(11_000);
  });
});
