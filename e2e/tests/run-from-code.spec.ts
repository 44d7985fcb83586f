import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '../support/test.ts';

const SECRET = `whsec_${Buffer.from('the-secret-of-run-from-code').toString('base64')}`;
// The server of a test has the variables of the test's process.
process.env.STEADFLOW_SECRET_CODE = SECRET;

/** How each program is run; Node.js takes the TypeScript as it is, because it has no types. */
const PROGRAMS = {
  curl: { command: 'bash', file: 'start.sh' },
  Python: { command: 'python3', file: 'start.py' },
  TypeScript: { command: process.execPath, file: 'start.mjs' },
};

const run = promisify(execFile);

test('the programs of “Run from code” start the flow at hand, by the API and by its webhook', async ({ page, api }) => {
  const form = {
    type: 'object',
    required: ['city', 'days'],
    properties: { city: { type: 'string', enum: ["L'Aquila", 'Łódź'] }, days: { type: 'integer', minimum: 2 } },
  };
  const done = { id: 'done', type: 'action', action: 'transform', input: '${trigger_data}' };
  const edges = [{ from: 'start', to: 'done' }];
  const asked = await api.createFlow({
    name: 'Asked',
    flow_definition: { nodes: [{ id: 'start', type: 'trigger', form }, done], edges },
  });
  const webhook = { path: 'code', scheme: 'standard_webhooks', secret: '${secrets.CODE}' };
  const example = { body: { text: 'it\'s "$HOME" `x` \\ 😀' } };
  const called = await api.createFlow({
    name: 'Called',
    flow_definition: { nodes: [{ id: 'start', type: 'trigger', webhook, example }, done], edges },
  });
  await api.activate(called);
  const folder = await mkdtemp(join(tmpdir(), 'steadflow-code-'));

  for (const flow of [asked, called]) {
    await page.goto(`/flows/${flow}`);
    await page.getByRole('button', { name: 'Run from code' }).click();
    const dialog = page.getByRole('dialog', { name: 'Run from code' });
    for (const [language, { command, file }] of Object.entries(PROGRAMS)) {
      await dialog.getByText(language, { exact: true }).click();
      const code = await dialog.getByRole('region', { name: language }).innerText();
      await writeFile(join(folder, file), code);

      const { stdout } = await run(command, [join(folder, file)], { env: { ...process.env, CODE: SECRET } });

      expect(stdout, `${language} says`).toMatch(flow === asked ? /L'Aquila/ : /execution_id/);
    }
  }

  expect(await api.executionsOf(asked)).toHaveLength(3);
  expect(await api.executionsOf(called)).toHaveLength(3);
  await rm(folder, { recursive: true });
});
