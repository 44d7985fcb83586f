/**
 * Server-sent events over fetch: resumes by `Last-Event-ID`, backs off between attempts, and reports its state.
 *
 * Not `EventSource`: that gives up for good on an HTTP error, loses its last id then, and cannot send credentials.
 * While the stream is not `live` its users poll, so only freshness depends on it.
 */
import { createParser, type EventSourceParser } from 'eventsource-parser';
import { reportRefused, whenAdmitted } from './session';

export interface SseEvent {
  id: string;
  type: string;
  data: string;
}

/** `connecting` until the first byte, `live` while open, `waiting` between attempts. */
export type StreamState = 'connecting' | 'live' | 'waiting';

export interface StreamOptions {
  url: string;
  onEvent: (event: SseEvent) => void;
  onState?: (state: StreamState) => void;
  fetch?: typeof fetch;
  headers?: () => Record<string, string>;
  /** Where to start: the id of the last event that is already known. */
  lastEventId?: string | undefined;
  /** Returns a random number from 0 to 1; spreads the reconnects of many clients. */
  random?: () => number;
}

const RETRY_MS_FIRST = 500;
const RETRY_MS_MAX = 15_000;
/** Silence for longer than this means that the connection is dead; the server sends a comment well before that. */
const SILENCE_MS_MAX = 45_000;

/** Returns the delay in ms after `failures` failures in a row: doubled each time, capped, then spread over 50–100 %. */
export function reconnectDelay(failures: number, random: number, first = RETRY_MS_FIRST): number {
  const full = Math.min(RETRY_MS_MAX, first * 2 ** Math.min(failures - 1, 10));
  return Math.round(full * (0.5 + random / 2));
}

/** Opens a stream, which stays open until the returned function is called. */
export function openStream(options: StreamOptions): () => void {
  const stream = new Stream(options);
  void stream.run();
  return () => stream.close();
}

class Stream {
  private readonly closed = new AbortController();
  private lastEventId: string;
  private failures = 0;
  private retryMs = RETRY_MS_FIRST;

  constructor(private readonly options: StreamOptions) {
    this.lastEventId = options.lastEventId ?? '';
  }

  close(): void {
    this.closed.abort();
  }

  async run(): Promise<void> {
    while (!this.closed.signal.aborted) {
      this.options.onState?.(this.failures === 0 ? 'connecting' : 'waiting');
      await this.connect().catch(() => undefined);
      if (this.closed.signal.aborted) return;
      this.failures += 1;
      this.options.onState?.('waiting');
      await whenAdmitted(this.closed.signal);
      await this.pause(reconnectDelay(this.failures, (this.options.random ?? Math.random)(), this.retryMs));
    }
  }

  private async connect(): Promise<void> {
    const attempt = new AbortController();
    const abort = () => attempt.abort();
    this.closed.signal.addEventListener('abort', abort, { once: true });
    let watchdog = setTimeout(abort, SILENCE_MS_MAX);
    try {
      const response = await this.request(attempt.signal);
      const parser = this.parser();
      for await (const text of decoded(response)) {
        clearTimeout(watchdog);
        watchdog = setTimeout(abort, SILENCE_MS_MAX);
        this.opened();
        parser.feed(text);
      }
    } finally {
      clearTimeout(watchdog);
      this.closed.signal.removeEventListener('abort', abort);
      attempt.abort();
    }
  }

  private async request(signal: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = { Accept: 'text/event-stream', ...this.options.headers?.() };
    if (this.lastEventId) headers['Last-Event-ID'] = this.lastEventId;
    const response = await (this.options.fetch ?? fetch)(this.options.url, { headers, signal, cache: 'no-store' });
    // It ended with a sign-in: to ask again and again is of no use until somebody has signed in.
    if (response.status === 401) reportRefused(true);
    if (!response.ok || !response.body) throw new Error(`the event stream answered ${response.status}`);
    this.opened();
    return response;
  }

  private opened(): void {
    if (this.closed.signal.aborted) return;
    this.failures = 0;
    this.options.onState?.('live');
  }

  /** A parser for one connection: unfinished input of an earlier connection is discarded. */
  private parser(): EventSourceParser {
    return createParser({
      onId: (id) => {
        this.lastEventId = id;
      },
      onRetry: (ms) => {
        this.retryMs = ms;
      },
      onEvent: ({ event = 'message', data }) => {
        if (!this.closed.signal.aborted) this.options.onEvent({ id: this.lastEventId, type: event, data });
      },
    });
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.closed.signal.removeEventListener('abort', wake);
        removeEventListener('online', wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.closed.signal.addEventListener('abort', wake, { once: true });
      // Once the network is back there is no reason to wait any longer.
      addEventListener('online', wake, { once: true });
    });
  }
}

async function* decoded(response: Response): AsyncGenerator<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  while (reader) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}
