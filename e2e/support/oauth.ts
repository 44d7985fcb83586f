/** A real OAuth2 provider, whose one person allows everything; see `oauth-provider.mjs`. */
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

export interface OauthProvider {
  /** Such as `http://127.0.0.1:40123`. */
  url: string;
  close: () => void;
}

/** Starts one that sends browsers back to `redirectUri`. */
export async function startOauthProvider(redirectUri: string): Promise<OauthProvider> {
  const wrapper = resolve(import.meta.dirname, '../../crates/blackbox/src/node_server.mjs');
  const program = join(import.meta.dirname, 'oauth-provider.mjs');
  const child = spawn('node', [wrapper, program, redirectUri], { stdio: ['pipe', 'pipe', 'ignore'] });
  const lines = createInterface({ input: child.stdout });
  const port = await new Promise<string>((found, failed) => {
    child.once('exit', () => failed(new Error('The provider did not start.')));
    lines.on('line', (line) => {
      const said = /^PORT (\d+)$/.exec(line)?.[1];
      if (said !== undefined) found(said);
    });
  });
  return { url: `http://127.0.0.1:${port}`, close: () => child.kill() };
}
