/** A model for agents to ask that streams what a test lets it say, in the protocol of OpenAI. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from '@playwright/test';

export interface Speaker {
  url: string;
  /** Waits until it was asked so often. */
  asked: (times: number) => Promise<void>;
  /** Adds to its response to the latest call, such as `{ content: 'Hel' }`. */
  say: (delta: object) => void;
  /** Ends this response. */
  end: () => void;
  close: () => void;
}

export async function startSpeaker(): Promise<Speaker> {
  const calls: ServerResponse[] = [];
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    calls.push(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const send = (data: string) => calls.at(-1)?.write(`data: ${data}\n\n`);
  const piece = (delta: object, finish_reason: string | null = null) =>
    send(JSON.stringify({ choices: [{ index: 0, delta, finish_reason }], usage: null }));
  return {
    url: `http://127.0.0.1:${port}/`,
    asked: (times) => expect.poll(() => calls.length).toBe(times),
    say: piece,
    end: () => {
      piece({}, 'stop');
      send('[DONE]');
      calls.at(-1)?.end();
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
