/** A provider of models in the protocol of OpenAI, which lists two models and answers at once. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Provider {
  url: string;
  close: () => void;
}

/** `small` answers JSON that fits any object, `large` a text. */
export async function startProvider(): Promise<Provider> {
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    response.writeHead(200, { 'content-type': 'application/json' });
    if (request.url?.endsWith('/models')) {
      response.end(JSON.stringify({ data: [{ id: 'small' }, { id: 'large' }] }));
      return;
    }
    const { model } = JSON.parse(text) as { model: string };
    const content = model === 'small' ? '{"risk": 0.70}' : 'I would say it is risky.';
    const choices = [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }];
    response.end(JSON.stringify({ choices, usage: { prompt_tokens: 21, completion_tokens: 5 } }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
