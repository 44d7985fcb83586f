// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { reportRefused } from './session';
import { openStream, reconnectDelay, type SseEvent, type StreamOptions, type StreamState } from './sse';

/** One connection to the stream: what was asked, and how the server answers. */
class Connection {
  private readonly body = new TransformStream<Uint8Array, Uint8Array>(undefined, undefined, { highWaterMark: 1_000 });
  private readonly writer = this.body.writable.getWriter();
  readonly response = { ok: true, status: 200, body: this.body.readable } as Response;

  constructor(
    readonly headers: Readonly<Record<string, string>>,
    readonly signal: AbortSignal,
  ) {
    signal.addEventListener('abort', () => void this.writer.abort(signal.reason).catch(() => undefined));
  }

  async send(chunk: string | Uint8Array): Promise<void> {
    await this.writer.write(typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk);
    await settled();
  }

  async end(): Promise<void> {
    await this.writer.close();
    await settled();
  }
}

/** Lets promises and streams run until only timers are left. */
const settled = () => vi.advanceTimersByTimeAsync(0);

/** Opens a stream; the server answers with the statuses in `refusals` first, then with streams. */
async function listen(options: Partial<StreamOptions> = {}, refusals: readonly number[] = []) {
  const connections: Connection[] = [];
  const refused = [...refusals];
  const events: SseEvent[] = [];
  const states: StreamState[] = [];
  const close = openStream({
    url: '/events',
    random: () => 1,
    onEvent: (event) => events.push(event),
    onState: (state) => states.at(-1) !== state && states.push(state),
    fetch: async (_, init) => {
      const connection = new Connection(init?.headers as Record<string, string>, init?.signal as AbortSignal);
      connections.push(connection);
      const status = refused.shift();
      return status ? ({ ok: false, status, body: null } as Response) : connection.response;
    },
    ...options,
  });
  closers.push(close);
  await settled();
  const last = () => connections.at(-1) as Connection;
  return { connections, last, events, states, close };
}

const closers: (() => void)[] = [];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});

afterEach(() => {
  for (const close of closers.splice(0)) close();
  vi.useRealTimers();
});

describe('reading a stream', () => {
  const STREAM = ': hello\r\nid: 7\r\nevent: node\r\ndata: {"a":\r\ndata: "ü😀"}\r\n\r\ndata: b\r\n\r\n';
  const EVENTS = [
    { id: '7', type: 'node', data: '{"a":\n"ü😀"}' },
    { id: '7', type: 'message', data: 'b' },
  ];

  it('returns the same events wherever its bytes are split', async () => {
    const bytes = new TextEncoder().encode(STREAM);
    for (let at = 1; at < bytes.length; at += 1) {
      const { last, events, close } = await listen();

      await last().send(bytes.slice(0, at));
      await last().send(bytes.slice(at));

      expect(events, `split at byte ${at}`).toEqual(EVENTS);
      close();
    }
  });

  it('returns the same events byte by byte', async () => {
    const { last, events } = await listen();

    for (const byte of new TextEncoder().encode(STREAM)) await last().send(Uint8Array.of(byte));

    expect(events).toEqual(EVENTS);
  });

  it.each(['\n', '\r', '\r\n'])('takes %j as the end of a line', async (end) => {
    const { last, events } = await listen();

    // A carriage return at the end of a chunk may be half of a CRLF, so more must follow.
    await last().send(`${['id: 1', 'data: a', 'data:  b', ''].join(end)}${end}: more${end}`);

    expect(events).toEqual([{ id: '1', type: 'message', data: 'a\n b' }]);
  });

  it('skips a byte order mark, comments, unknown fields and blocks without data', async () => {
    const { last, events } = await listen();

    await last().send('\uFEFFdata: first\n\n: comment\n\nevent: lonely\n\nother: x\ndata\n\n');

    expect(events.map(({ type, data }) => [type, data])).toEqual([
      ['message', 'first'],
      ['message', ''],
    ]);
  });

  it('delivers nothing of a block that the connection cut off', async () => {
    const { connections, last, events } = await listen();

    await last().send('id: 1\ndata: whole\n\nid: 2\ndata: cut');
    await last().end();
    await vi.advanceTimersByTimeAsync(500);
    await last().send(' off\n\n');

    expect(events.map(({ data }) => data)).toEqual(['whole']);
    expect(connections[1]?.headers['Last-Event-ID']).toBe('1');
  });
});

describe('staying connected', () => {
  it('sends the credentials and where to start', async () => {
    const { last } = await listen({ headers: () => ({ Authorization: 'Bearer k' }), lastEventId: '41' });

    expect(last().headers).toEqual({
      Accept: 'text/event-stream',
      Authorization: 'Bearer k',
      'Last-Event-ID': '41',
    });
  });

  it('resumes behind the last id, also one that came without data', async () => {
    const { last, connections } = await listen();

    await last().send('id: 3\ndata: a\n\nid: 4\n\n');
    await last().end();
    await vi.advanceTimersByTimeAsync(500);

    expect(connections).toHaveLength(2);
    expect(last().headers['Last-Event-ID']).toBe('4');
  });

  it('backs off while the server refuses, and starts over once it answers', async () => {
    const { last, connections, states } = await listen({}, [503, 503]);

    await vi.advanceTimersByTimeAsync(499);
    expect(connections).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(connections).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(connections).toHaveLength(3);
    await last().end();
    await vi.advanceTimersByTimeAsync(500);

    expect(connections).toHaveLength(4);
    expect(states).toEqual(['connecting', 'waiting', 'live', 'waiting', 'live']);
  });

  it('starts its backoff where the server says', async () => {
    const { last, connections } = await listen();

    await last().send('retry: 2000\nretry: soon\n\n');
    await last().end();
    await vi.advanceTimersByTimeAsync(1_999);
    expect(connections).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);

    expect(connections).toHaveLength(2);
  });

  it('drops a connection that is silent for 45 seconds; comments keep it alive', async () => {
    const { last, connections } = await listen();

    await vi.advanceTimersByTimeAsync(44_000);
    await last().send(': ping\n\n');
    await vi.advanceTimersByTimeAsync(44_000);
    expect(connections).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1_500);

    expect(connections[0]?.signal.aborted).toBe(true);
    expect(connections).toHaveLength(2);
  });

  it('reconnects at once when the network comes back', async () => {
    const { connections } = await listen({}, [502]);

    window.dispatchEvent(new Event('online'));
    await settled();

    expect(connections).toHaveLength(2);
  });

  it('stops for good when it is closed', async () => {
    const { last, close, events, connections } = await listen();

    close();
    await last()
      .send('data: late\n\n')
      .catch(() => undefined);
    await vi.advanceTimersByTimeAsync(60_000);

    expect(last().signal.aborted).toBe(true);
    expect(events).toEqual([]);
    expect(connections).toHaveLength(1);
  });
});

it('doubles the delay up to 15 seconds and spreads it over its upper half', () => {
  expect([1, 2, 3, 6, 60].map((failures) => reconnectDelay(failures, 1))).toEqual([500, 1_000, 2_000, 15_000, 15_000]);
  expect(reconnectDelay(3, 0)).toBe(1_000);
});

describe('a stream whose sign-in is over', () => {
  it('asks again only when somebody has signed in', async () => {
    const { connections, states } = await listen({}, [401]);

    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(connections.length).toBe(1);
    reportRefused(false);
    await vi.advanceTimersByTimeAsync(1_000);

    expect(connections.length).toBe(2);
    expect(states).toEqual(['connecting', 'waiting', 'live']);
  });

  it('is closed meanwhile', async () => {
    const { connections, close } = await listen({}, [401]);

    close();
    reportRefused(false);
    await vi.advanceTimersByTimeAsync(60_000);

    expect(connections.length).toBe(1);
  });
});
