/**
 * The server's clock as far as the browser knows it.
 *
 * Countdowns compare the server's times with the current time. A browser's clock may be wrong by minutes, so the `Date`
 * header of every response shows the difference; differences within its resolution and a slow response are ignored.
 */
import { useSyncExternalStore } from 'react';

const TOLERANCE_MS = 3_000;

let offset = 0;

/** Updates the difference from the `Date` header of a response that has just arrived. */
export function learnServerTime(header: string | null, now = Date.now()): void {
  const server = header ? Date.parse(header) : Number.NaN;
  if (Number.isNaN(server)) return;
  const difference = server - now;
  offset = Math.abs(difference) > TOLERANCE_MS ? difference : 0;
}

/** Returns the current time by the server's clock, in milliseconds since the epoch. */
export function serverNow(): number {
  return Date.now() + offset;
}

/** Returns the server's current time; rerenders every `interval` milliseconds unless that is 0. */
export function useNow(interval: number): number {
  return useSyncExternalStore(
    (changed) => subscribe(interval, changed),
    () => (interval > 0 ? Math.floor(serverNow() / interval) * interval : still()),
  );
}

interface Ticker {
  timer: ReturnType<typeof setInterval>;
  listeners: Set<() => void>;
}

/** One timer per interval, shared by all components. */
const tickers = new Map<number, Ticker>();

function subscribe(interval: number, changed: () => void): () => void {
  if (interval <= 0) return () => {};
  let ticker = tickers.get(interval);
  if (!ticker) {
    const listeners = new Set<() => void>();
    const timer = setInterval(() => {
      for (const listener of listeners) listener();
    }, interval);
    ticker = { timer, listeners };
    tickers.set(interval, ticker);
  }
  const { timer, listeners } = ticker;
  listeners.add(changed);
  return () => {
    listeners.delete(changed);
    if (listeners.size > 0) return;
    clearInterval(timer);
    tickers.delete(interval);
  };
}

let stillAt = 0;

/** The current time, accurate to a minute and stable during a render: for components without a ticking time. */
function still(): number {
  const now = serverNow();
  if (Math.abs(now - stillAt) > 60_000) stillAt = now;
  return stillAt;
}
