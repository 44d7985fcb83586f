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
  /** The link for the first admin; `null` where nobody signs in, or there is an admin. */
  readonly joinUrl: string | null;
  /** Where it answers, such as `http://127.0.0.1:40123`; the same after a restart. */
  readonly url: string;

  private constructor(folder: string, flags: readonly string[], { process, url, joinUrl }: Started) {
    this.#folder = folder;
    this.#flags = flags;
    this.#process = process;
    this.url = url;
    this.joinUrl = joinUrl;
  }

  /** Starts one on a free port, or at this address, with these flags beside the address and the database. */
  static async start(flags: readonly string[], address = '127.0.0.1:0'): Promise<Server> {
    const folder = await mkdtemp(join(tmpdir(), 'steadflow-e2e-'));
    return new Server(folder, flags, await serve(folder, address, flags));
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

interface Started {
  process: ChildProcess;
  url: string;
  joinUrl: string | null;
}

/** Resolves as soon as the server has printed its address, and the link for the first admin if there is one. */
async function serve(
  folder: string,
  address: string,
  flags: readonly string[],
): Promise<Started> {
  const database = `sqlite:${join(folder, 'steadflow.db')}`;
  const child = spawn(BINARY, ['serve', '--listen', address, '--database', database, ...flags], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const said: string[] = [];
  child.on('error', (error) => said.push(error.message));
  // Keep reading: a full pipe would block the server.
  const lines = createInterface({ input: child.stderr });
  const isJoined = flags.includes('--auth');
  const find = (pattern: RegExp) => said.map((line) => pattern.exec(line)?.[1]).find((found) => found !== undefined);
  const listening = new Promise<{ url: string; joinUrl: string | null }>((found) => {
    lines.on('line', (line) => {
      said.push(line);
      const url = find(/^\s*studio\s+(https?:\S+?)\/?$/);
      const joinUrl = find(/^\s*admin\s+(https?:\S+)/) ?? null;
      if (url && (joinUrl !== null || !isJoined)) found({ url, joinUrl });
    });
  });
  const found = await Promise.race([listening, once(lines, 'close').then(() => null)]);
  if (found === null) throw new Error(`${BINARY} did not start: ${said.join('\n')}`);
  return { process: child, ...found };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  // Not `exit`: the engine of a demo is a process of its own, which ends after the one that started it.
  const ended = once(child, 'close');
  child.kill(signal);
  await ended;
}
