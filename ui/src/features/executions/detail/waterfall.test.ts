import { describe, expect, it } from 'vitest';
import { aNode, anAttempt, anExecution, at } from './samples';
import { ticksOf, wideEnough } from './time-axis';
import { toWaterfall } from './waterfall';

const kinds = (execution: Parameters<typeof toWaterfall>[0], now: number) =>
  toWaterfall(execution, now).rows[0]?.bars.map((bar) => bar.kind);

describe('toWaterfall', () => {
  it('draws a bar per attempt and the backoff between them', () => {
    const node = aNode({
      status: 'completed',
      attempts: [
        anAttempt(1, 0, 1_000, { error_class: 'connection', backoff_ms: 1_000, next_retry_at: at(2_000) }),
        anAttempt(2, 2_000, 2_500),
      ],
      completed_at: at(2_500),
    });

    const { rows, end, start } = toWaterfall(
      anExecution({ status: 'completed', completed_at: at(2_500), node_executions: [node] }),
      99_000_000,
    );

    expect(rows[0]?.bars.map((bar) => [bar.kind, bar.from - start, (bar.to ?? 0) - start])).toEqual([
      ['bad', 0, 1_000],
      ['gap', 1_000, 2_000],
      ['ok', 2_000, 2_500],
    ]);
    expect(end - start).toBe(2_500);
  });

  it('leaves a backoff in progress open, and makes room for its end', () => {
    const node = aNode({
      status: 'pending',
      next_retry_at: at(5_000),
      attempts: [anAttempt(1, 0, 1_000, { error_class: 'timeout', next_retry_at: at(5_000) })],
    });

    const { rows, end, start, now } = toWaterfall(anExecution({ node_executions: [node] }), Date.parse(at(2_000)));

    const gap = rows[0]?.bars[1];
    expect([gap?.kind, gap?.to, (gap?.due ?? 0) - start]).toEqual(['gap', null, 5_000]);
    expect(now - start).toBe(2_000);
    expect(end - start).toBeGreaterThan(5_000);
  });

  it('ends a backoff where the execution was cancelled', () => {
    const node = aNode({
      status: 'cancelled',
      completed_at: at(2_000),
      attempts: [anAttempt(1, 0, 1_000, { error_class: 'timeout', next_retry_at: at(9_000) })],
    });

    const { rows, start } = toWaterfall(
      anExecution({ status: 'cancelled', completed_at: at(2_000), node_executions: [node] }),
      0,
    );

    expect((rows[0]?.bars[1]?.to ?? 0) - start).toBe(2_000);
  });

  it('distinguishes an attempt stopped by the deadline from one that succeeded', () => {
    const stopped = aNode({ status: 'cancelled', completed_at: at(3_000), attempts: [anAttempt(1, 0, 3_000)] });
    const running = aNode({ status: 'running', attempts: [anAttempt(1, 0, null)] });

    expect(kinds(anExecution({ status: 'failed', node_executions: [stopped] }), 0)).toEqual(['cut']);
    expect(kinds(anExecution({ node_executions: [running] }), 0)).toEqual(['run']);
  });

  it('draws a delay and a decision as waits', () => {
    const delay = aNode({ status: 'running', started_at: at(0), waiting_for: 'delay', waiting_until: at(4_000) });
    const over = aNode({ status: 'completed', started_at: at(0), completed_at: at(4_000) });

    expect(kinds(anExecution({ node_executions: [delay] }), Date.parse(at(1_000)))).toEqual(['wait']);
    expect(kinds(anExecution({ node_executions: [over] }), 0)).toEqual(['wait']);
  });

  it('shows how long a decision took', () => {
    const failed = anAttempt(1, 0, 10, { error_class: 'timeout' });
    const taken = aNode({ status: 'completed', completed_at: at(60_000), attempts: [failed] });
    const again = aNode({
      status: 'completed',
      completed_at: at(60_500),
      attempts: [failed, anAttempt(2, 60_000, 60_500)],
    });

    expect(kinds(anExecution({ status: 'completed', node_executions: [taken] }), 0)).toEqual(['bad', 'wait']);
    expect(kinds(anExecution({ status: 'completed', node_executions: [again] }), 0)).toEqual(['bad', 'wait', 'ok']);
  });

  it('shows the deadline only where it does not squeeze the rest', () => {
    const near = anExecution({ status: 'completed', completed_at: at(9_000), deadline: at(10_000) });
    const far = anExecution({ status: 'completed', completed_at: at(9_000), deadline: at(900_000) });

    expect(toWaterfall(near, 0).deadline?.isShown).toBe(true);
    expect(toWaterfall(far, 0).deadline?.isShown).toBe(false);
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
