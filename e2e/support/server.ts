/** The real binary, with a database of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const ROOT = resolve(import.meta.dirname, '../..');
const BINARY = resolve(ROOT, process.env.STEADFLOW_BINARY ?? 'target/release/steadflow');

export class Server {
  readonly #folder: string;
  readonly #flags: readonly string[];
  #process: ChildProcess;
  /** Where it answers, such as `http://127.0.0.1:40123`; the same after a restart. */
  readonly url: string;

  private constructor(folder: string, flags: readonly string[], process: ChildProcess, url: string) {
    this.#folder = folder;
    this.#flags = flags;
    this.#process = process;
    this.url = url;
  }

  /** Starts one on a free port, with these flags beside the address and the database. */
  static async start(flags: readonly string[]): Promise<Server> {
    const folder = await mkdtemp(join(tmpdir(), 'steadflow-e2e-'));
    const { process, url } = await serve(folder, '127.0.0.1:0', flags);
    return new Server(folder, flags, process, url);
  }

  /** Kills it without warning, as a power cut would. */
  async kill(): Promise<void> {
    await end(this.#process, 'SIGKILL');
  }

  /** Starts it again on the same port and database. */
  async restart(): Promise<void> {
    const { process } = await serve(this.#folder, new URL(this.url).host, this.#flags);
    this.#process = process;
  }

  /** Stops it and deletes its data. */
  async dispose(): Promise<void> {
    await end(this.#process, 'SIGKILL');
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Resolves as soon as the server has printed its address. */
async function serve(
  folder: string,
  address: string,
  flags: readonly string[],
): Promise<{ process: ChildProcess; url: string }> {
  const database = `sqlite:${join(folder, 'steadflow.db')}`;
  const child = spawn(BINARY, ['serve', '--listen', address, '--database', database, ...flags], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const said: string[] = [];
  child.on('error', (error) => said.push(error.message));
  // Keep reading: a full pipe would block the server.
  const lines = createInterface({ input: child.stderr });
  const listening = new Promise<string>((found) => {
    lines.on('line', (line) => {
      said.push(line);
      const url = /^\s*studio\s+(http:\S+?)\/?$/.exec(line)?.[1];
      if (url) found(url);
    });
  });
  const url = await Promise.race([listening, once(lines, 'close').then(() => null)]);
  if (url === null) throw new Error(`${BINARY} did not start: ${said.join('\n')}`);
  return { process: child, url };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  // Not `exit`: the engine of a demo is a process of its own, which ends after the one that started it.
  const ended = once(child, 'close');
  child.kill(signal);
  await ended;
}
