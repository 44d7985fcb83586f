/** A peer for flows to call: responds as a test defines and records the calls. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Answer {
  status: number;
  body: unknown;
}

export interface Peer {
  url: string;
  /** The `Idempotency-Key` of every call so far. */
  keys: string[];
  close: () => void;
}

/** Returns the responses one after the other, then repeats the last one. */
export async function startPeer(answers: readonly [Answer, ...Answer[]]): Promise<Peer> {
  const keys: string[] = [];
  const server = createServer((request, response) => {
    const answer = answers[Math.min(keys.length, answers.length - 1)] ?? answers[0];
    keys.push(String(request.headers['idempotency-key']));
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer.body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, keys, close: () => server.close() };
}
