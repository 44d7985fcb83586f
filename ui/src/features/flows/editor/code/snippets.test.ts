import { createHmac } from 'node:crypto';
import { expect, it } from 'vitest';
import { writeJson } from '@/lib/json';
import { signingOf, webhookOf } from './signing';
import { LANGUAGES, snippetOf } from './snippets';

const secret = '$' + '{secrets.HOOK}';

it('knows how each scheme signs, and where its document says so', () => {
  const headers = (webhook: Record<string, unknown>) =>
    signingOf({ secret, ...webhook })?.headers.map(([name]) => name);

  expect(headers({ scheme: 'github' })).toEqual(['X-GitHub-Delivery', 'X-Hub-Signature-256']);
  expect(headers({ scheme: 'hmac', header: 'X-S', timestamp_header: 'X-T', id_header: 'X-I' })).toEqual([
    'X-I',
    'X-T',
    'X-S',
  ]);
  expect(headers({ scheme: 'bearer' })).toEqual(['Idempotency-Key', 'Authorization']);
  expect(signingOf({ scheme: 'constructor', secret })).toBeNull();
  expect(signingOf({ scheme: 'slack', secret: ['x', secret] })?.secret).toBe('WEBHOOK_SECRET');
  expect(
    webhookOf([
      { type: 'merge', webhook: {} },
      { type: 'trigger', webhook: { path: 'a' } },
    ]),
  ).toEqual({ path: 'a' });
});

it('writes texts so that no language reads more into them', () => {
  const body = '{"a":"it\'s $HOME `x` $' + '{y} {z} \\\\ \\" 😀"}';
  const request = { address: 'http://h/x', body, signing: null };

  const [curl, python, typescript] = LANGUAGES.map((language) => snippetOf(language, request));

  expect(curl).toContain("body='{\"a\":\"it'\\''s $HOME");
  expect(python).toContain(`body = ${writeJson(body)}`);
  expect(typescript).toContain(`const body = ${writeJson(body)};`);
});

it('runs as TypeScript, and signs what it sends', async () => {
  const body = '{"n":1}';
  const signing = signingOf({ scheme: 'standard_webhooks', secret });
  const code = snippetOf('typescript', { address: 'http://h/hooks/x', body, signing });
  const sent: RequestInit[] = [];
  const key = Buffer.from('a key of some length').toString('base64');
  const run = new Function(
    'createHmac',
    'randomUUID',
    'process',
    'fetch',
    'console',
    `return (async () => {${code.replace(/^import .*$/m, '')}})()`,
  );

  const fetched = (_: string, init: RequestInit) => {
    sent.push(init);
    return Promise.resolve({ status: 201, json: () => ({}) });
  };
  await run(createHmac, () => 'id-1', { env: { HOOK: `whsec_${key}` } }, fetched, { log: () => undefined });

  const headers = sent[0]?.headers as Record<string, string>;
  const signed = `id-1.${headers['webhook-timestamp']}.${body}`;
  const expected = createHmac('sha256', 'a key of some length').update(signed).digest('base64');
  expect(headers['webhook-signature']).toBe(`v1,${expected}`);
});
