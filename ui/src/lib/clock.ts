/**
 * The server's clock as far as the browser knows it.
 *
 * Countdowns compare the server's times with now. A reader's clock may be wrong by minutes, so the `Date` header of
 * every answer tells how far it is off; what is within its one-second resolution and a slow answer counts as right.
 */
import { useSyncExternalStore } from 'react';

const TOLERANCE_MS = 3_000;

let offset = 0;

/** Learns from the `Date` header of an answer that has just come. */
export function learnServerTime(header: string | null, now = Date.now()): void {
  const server = header ? Date.parse(header) : Number.NaN;
  if (Number.isNaN(server)) return;
  const difference = server - now;
  offset = Math.abs(difference) > TOLERANCE_MS ? difference : 0;
}

/** Now, by the server's clock, in milliseconds since the epoch. */
export function serverNow(): number {
  return Date.now() + offset;
}

/** Renders again every `interval` milliseconds while it is above zero, and returns the server's now. */
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

/** One timer per interval, however many components tick. */
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

/** A value that does not move while a component renders, good to the minute: for what shows no ticking time. */
function still(): number {
  const now = serverNow();
  if (Math.abs(now - stillAt) > 60_000) stillAt = now;
  return stillAt;
}
