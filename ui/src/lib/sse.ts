/**
 * Server-sent events over fetch: resumes by `Last-Event-ID`, waits ever longer between tries, and says how it stands.
 *
 * Not `EventSource`: that gives up for good on an HTTP error, forgets its last id then, and cannot carry credentials.
 * While the stream is not `live` its users poll, so nothing depends on it but freshness.
 */
export interface SseEvent {
  id: string;
  type: string;
  data: string;
}

/** `connecting` until the first byte; `live` while open; `waiting` between tries. */
export type StreamState = 'connecting' | 'live' | 'waiting';

export interface StreamOptions {
  url: string;
  onEvent: (event: SseEvent) => void;
  onState?: (state: StreamState) => void;
  fetch?: typeof fetch;
  headers?: () => Record<string, string>;
  /** Where to begin: the id of the last event that is known already. */
  lastEventId?: string | undefined;
  /** A random number from 0 to 1; spreads the reconnects of many readers. */
  random?: () => number;
}

const RETRY_MS_FIRST = 500;
const RETRY_MS_MAX = 15_000;
/** Silence for longer than this means that the connection is dead; the server sends a comment well before. */
const SILENCE_MS_MAX = 45_000;

/** Returns the wait before try number `failures`, from 1 on: doubled each time, capped, then spread over 50–100 %. */
export function reconnectDelay(failures: number, random: number, first = RETRY_MS_FIRST): number {
  const full = Math.min(RETRY_MS_MAX, first * 2 ** Math.min(failures - 1, 10));
  return Math.round(full * (0.5 + random / 2));
}

/** Opens a stream that lives until the returned function is called. */
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
      const parser = new SseParser(this.lastEventId);
      for await (const text of decoded(response)) {
        clearTimeout(watchdog);
        watchdog = setTimeout(abort, SILENCE_MS_MAX);
        this.opened();
        this.deliver(parser.push(text), parser);
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
    if (!response.ok || !response.body) throw new Error(`the event stream answered ${response.status}`);
    this.opened();
    return response;
  }

  private opened(): void {
    if (this.closed.signal.aborted) return;
    this.failures = 0;
    this.options.onState?.('live');
  }

  private deliver(events: SseEvent[], parser: SseParser): void {
    this.lastEventId = parser.lastEventId;
    if (parser.retryMs !== null) this.retryMs = parser.retryMs;
    for (const event of events) {
      if (this.closed.signal.aborted) return;
      this.options.onEvent(event);
    }
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
      // When the network comes back there is no point in waiting on.
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

/** Splits a stream of text into events, as the HTML standard says; chunks may end anywhere. */
export class SseParser {
  lastEventId: string;
  retryMs: number | null = null;
  private rest = '';
  private type = '';
  private data: string[] = [];

  constructor(lastEventId = '') {
    this.lastEventId = lastEventId;
  }

  push(text: string): SseEvent[] {
    const events: SseEvent[] = [];
    const buffer = this.rest + text;
    // A carriage return at the end may be half of a CRLF: it waits for what follows.
    const held = buffer.endsWith('\r') ? 1 : 0;
    const lines = buffer.slice(0, buffer.length - held).split(/\r\n|\n|\r/);
    this.rest = (lines.pop() ?? '') + buffer.slice(buffer.length - held);
    for (const line of lines) {
      if (line === '') this.dispatch(events);
      else this.field(line);
    }
    return events;
  }

  private field(line: string): void {
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'data') this.data.push(value);
    else if (name === 'event') this.type = value;
    else if (name === 'id' && !value.includes('\0')) this.lastEventId = value;
    else if (name === 'retry' && /^\d+$/.test(value)) this.retryMs = Number(value);
  }

  private dispatch(events: SseEvent[]): void {
    if (this.data.length > 0) {
      events.push({ id: this.lastEventId, type: this.type || 'message', data: this.data.join('\n') });
    }
    this.type = '';
    this.data = [];
  }
}
