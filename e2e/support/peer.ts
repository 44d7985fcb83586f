/** A peer for flows to call: responds as a test defines, when the test lets it, and records the calls. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Answer {
  status: number;
  body: unknown;
}

export interface Peer {
  url: string;
  /** The `Idempotency-Key` of every call so far. */
  keys: string[];
  /** The headers of every call so far. */
  headers: IncomingHttpHeaders[];
  /** Sends a response that is held. */
  release: (call: number) => void;
  close: () => void;
}

/**
 * Returns the responses one after the other, then repeats the last one.
 *
 * The responses to the calls in `held`, counted from 1, wait until the test releases them, so a page can be ready for
 * what follows them, however long it takes to load.
 */
export async function startPeer(answers: readonly [Answer, ...Answer[]], held: readonly number[] = []): Promise<Peer> {
  const keys: string[] = [];
  const headers: IncomingHttpHeaders[] = [];
  const gates = new Map(held.map((call) => [call, gate()]));
  const server = createServer(async (request, response) => {
    const answer = answers[Math.min(keys.length, answers.length - 1)] ?? answers[0];
    const call = keys.push(String(request.headers['idempotency-key']));
    headers.push(request.headers);
    await gates.get(call)?.opened;
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer.body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const release = (call: number) => gates.get(call)?.open();
  return { url: `http://127.0.0.1:${port}/`, keys, headers, release, close: () => server.close() };
}

function gate() {
  let open = () => {};
  const opened = new Promise<void>((done) => {
    open = done;
  });
  return { open, opened };
}
