/** How smooth a page is: the length of its main thread's tasks, its frame times and its layout shifts. */
import type { Page } from '@playwright/test';

export interface Figures {
  frames: number;
  /** From one frame to the next, in milliseconds: 95th percentile. Other load on the machine makes it worse. */
  p95: number;
  /**
   * The tasks of the page's main thread that computed for more than 50 ms and for more than 100 ms, and the longest.
   * This is CPU time, not wall-clock time, so other load on the machine does not count; and it is divided by `slowness`.
   */
  over50: number;
  over100: number;
  longest: number;
  /** How much slower this machine is than the one that the limits were measured on; at least 1. */
  slowness: number;
  /** The share of the time in which the main thread was busy. */
  busy: number;
  /** The cumulative layout shift, without shifts that follow a click or a key. */
  shift: number;
}

interface Watch {
  gaps: number[];
  shift: number;
  stop: () => void;
}

type Watching = typeof globalThis & { watch?: Watch };

/** What the reference task computes for on the machine that the limits were measured on, in milliseconds. */
const REFERENCE_MS = 80;
/** How often the reference task runs before and after a measurement. */
const REFERENCE_RUNS = 5;

/** Measures the page while `act` runs, and prints the figures. */
export async function measured(page: Page, what: string, act: () => Promise<void>): Promise<Figures> {
  const before = await referenceTimes(page);
  const tasks = await traceTasks(page);
  await page.evaluate(begin);
  const began = performance.now();

  await act();

  const took = performance.now() - began;
  const { gaps, shift } = await page.evaluate(end);
  const computing = await tasks.stop();
  const slowness = Math.max(1, median([...before, ...(await referenceTimes(page))]) / REFERENCE_MS);
  const computed = computing.map((ms) => ms / slowness);
  gaps.sort((a, b) => a - b);
  const figures = {
    frames: gaps.length,
    p95: Math.round(gaps[Math.floor(gaps.length * 0.95)] ?? 0),
    over50: computed.filter((ms) => ms > 50).length,
    over100: computed.filter((ms) => ms > 100).length,
    longest: Math.round(Math.max(0, ...computed)),
    slowness: Number(slowness.toFixed(2)),
    busy: Number((computing.reduce((sum, ms) => sum + ms, 0) / took).toFixed(2)),
    shift: Number(shift.toFixed(3)),
  };
  console.log(`    ${what}: ${JSON.stringify(figures)}`);
  return figures;
}

/** Returns the CPU milliseconds of runs of a task that is the same everywhere: scripting, style and layout. */
async function referenceTimes(page: Page): Promise<number[]> {
  const blank = await page.context().newPage();
  const tasks = await traceTasks(blank);
  for (let run = 0; run < REFERENCE_RUNS; run += 1) await blank.evaluate(reference);
  const times = await tasks.stop();
  await blank.close();
  return times.toSorted((a, b) => b - a).slice(0, REFERENCE_RUNS);
}

function reference(): void {
  const list = document.body.appendChild(document.createElement('div'));
  for (let at = 0; at < 3_000; at += 1) {
    const item = document.createElement('span');
    item.textContent = JSON.stringify({ at, text: 'The same on every machine' });
    item.style.padding = `${at % 7}px`;
    list.append(item);
  }
  // Asking for the height is what makes the browser compute the layout.
  if (list.offsetHeight === 0) throw new Error('Nothing was laid out.');
  list.remove();
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
}

/** An event of Chromium's trace about a task or a thread; times in microseconds. */
interface TraceEvent {
  name: string;
  pid: number;
  tid: number;
  tdur?: number;
  args: { name?: string };
}

interface Tracing {
  /** Stops tracing; returns the CPU milliseconds of each task of the pages' main threads. */
  stop: () => Promise<number[]>;
}

async function traceTasks(page: Page): Promise<Tracing> {
  const browser = page.context().browser();
  if (!browser) throw new Error('There is no browser to trace.');
  const devtools = await browser.newBrowserCDPSession();
  const events: TraceEvent[] = [];
  devtools.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as TraceEvent[])));
  const traceConfig = { includedCategories: ['toplevel'] };
  await devtools.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig });
  const stop = async () => {
    const complete = new Promise((resolve) => devtools.once('Tracing.tracingComplete', resolve));
    await devtools.send('Tracing.end');
    await complete;
    await devtools.detach();
    return tasksIn(events);
  };
  return { stop };
}

function tasksIn(events: readonly TraceEvent[]): number[] {
  const threadOf = ({ pid, tid }: TraceEvent) => `${pid} ${tid}`;
  const named = events.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain');
  const mains = new Set(named.map(threadOf));
  const tasks = events.filter((event) => event.name === 'ThreadControllerImpl::RunTask' && mains.has(threadOf(event)));
  const computed = tasks.flatMap(({ tdur }) => (tdur === undefined ? [] : [tdur / 1_000]));
  // Without tasks every measurement would look good.
  if (computed.length === 0) throw new Error('The trace has no tasks with the expected name.');
  return computed;
}

function begin(): void {
  const watch: Watch = { gaps: [], shift: 0, stop: () => {} };
  const shifts = new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as (PerformanceEntry & { value: number; hadRecentInput: boolean })[]) {
      if (!entry.hadRecentInput) watch.shift += entry.value;
    }
  });
  shifts.observe({ type: 'layout-shift' });
  let last = performance.now();
  let next = requestAnimationFrame(function frame(now) {
    watch.gaps.push(now - last);
    last = now;
    next = requestAnimationFrame(frame);
  });
  watch.stop = () => {
    cancelAnimationFrame(next);
    shifts.disconnect();
  };
  (globalThis as Watching).watch = watch;
}

/** Waits until all changes are drawn and their performance entries are reported. */
async function end(): Promise<Pick<Watch, 'gaps' | 'shift'>> {
  await new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)));
  const watch = (globalThis as Watching).watch;
  if (!watch) throw new Error('Nothing was being measured.');
  watch.stop();
  return { gaps: watch.gaps, shift: watch.shift };
}
