import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { act, render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import type { ReactNode } from 'react';
import { afterAll, expect, it, vi } from 'vitest';
import { createQueryClient } from '@/api/query-client';
import type { Flow } from '@/api/types';
import { fakeApi, problem } from '@/testing/fake-api';
import { createBench } from '../bench/bench';
import { BenchContext } from '../bench/bench-context';
import { TestingContext } from '../bench/use-testing';
import { updateNode } from '../document/commands';
import { DraftContext } from '../document/draft-context';
import { createDraftStore } from '../document/draft-store';
import type { Catalogue } from '../document/node-types';
import { nodeType } from '../document/samples';
import type { Schema } from '../form/schema';
import { Dock } from './dock';
import { arrange } from './panes';

// Test files share their modules: what is mocked here is imported again, here and by the next file.
vi.hoisted(() => vi.resetModules());
afterAll(() => vi.resetModules());
// There is no router around the inspector here.
vi.mock('@tanstack/react-router', () => ({
  Link: ({ to, search, children }: { to: string; search?: { agent: string }; children: ReactNode }) => (
    <a href={search ? `${to}?agent=${search.agent}` : to}>{children}</a>
  ),
}));

// Fields that grow use `document.fonts`, which happy-dom lacks.
Object.defineProperty(document, 'fonts', { configurable: true, value: new EventTarget() });

const CLOSED = arrange({ open: { input: false, output: false }, widths: {} }, 1_400);

const SESSION: Schema = {
  title: 'Session',
  anyOf: [
    { type: 'string' },
    {
      type: 'object',
      required: ['key'],
      properties: {
        key: { type: 'string', title: 'Key' },
        max_turns: { type: 'integer', title: 'Turns at most' },
        when_busy: { enum: ['wait', 'interrupt'], default: 'wait', title: 'When another execution writes' },
      },
    },
  ],
};

const SCHEDULE: Schema = {
  title: 'Schedule',
  type: 'object',
  required: ['cron'],
  properties: {
    cron: { type: 'string', title: 'Cron expression' },
    timezone: { type: 'string', title: 'Time zone', default: 'UTC' },
    jitter_seconds: { type: 'integer', title: 'Jitter in seconds' },
  },
};

const WEBHOOK: Schema = {
  title: 'Webhook',
  type: 'object',
  required: ['path', 'scheme', 'secret'],
  properties: {
    path: { type: 'string', title: 'Path' },
    scheme: { enum: ['github', 'hmac'], title: 'Signed as by' },
    secret: { title: 'Secret', anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
    header: { type: 'string', title: 'Header with the signature' },
  },
};

const CATALOGUE: Catalogue = {
  common: {
    properties: {
      retry: { type: 'object', properties: { count: { type: 'integer', title: 'Retry count' } } },
      on_exhausted: { enum: ['fail', 'ask'], default: 'fail', title: 'After the last attempt fails' },
    },
  },
  types: [
    nodeType({
      type: 'action',
      action: 'http_request',
      traits: { takes_attempts: true },
      schema: {
        required: ['input'],
        properties: {
          input: {
            type: 'object',
            required: ['url'],
            properties: { url: { type: 'string', title: 'URL' }, times: { type: 'number', title: 'Times' } },
          },
        },
      },
    }),
    nodeType({ type: 'agent', schema: { properties: { agent_id: {}, skill: {}, session: SESSION } } }),
    nodeType({ type: 'trigger', schema: { properties: { schedule: SCHEDULE, webhook: WEBHOOK } } }),
  ],
};

function show(node: Record<string, unknown>) {
  const flow = {
    id: 'f',
    version: 1,
    retry_on_failure: true,
    retry_count: 2,
    flow_definition: { nodes: [{ id: 'a', type: 'action', ...node }], edges: [] },
  } as unknown as Flow;
  const store = createDraftStore(flow);
  store.getState().select({ nodes: ['a'] });
  render(
    <MantineProvider env="test">
      <QueryClientProvider client={createQueryClient()}>
        <DraftContext value={store}>
          <BenchContext value={createBench(flow.id, false)}>
            <TestingContext value={{ start: () => {}, stop: () => {}, retryNow: () => {} }}>
              <Dock flow={flow} catalogue={CATALOGUE} isNarrow={false} arrangement={CLOSED} />
            </TestingContext>
          </BenchContext>
        </DraftContext>
      </QueryClientProvider>
    </MantineProvider>,
  );
  return { store, node: () => store.getState().present.nodes[0] };
}

it('makes fields from the schema and applies typing as one step', async () => {
  const { store, node } = show({ action: 'http_request', input: {} });

  await userEvent.type(screen.getByLabelText(/^URL/), 'https://a.test');

  expect(node()?.input).toEqual({ url: 'https://a.test' });
  store.getState().undo();
  expect(node()?.input).toEqual({});
});

it('keeps a note for people, and none when it is emptied', async () => {
  const { node } = show({ action: 'http_request', input: {} });

  await userEvent.type(screen.getByLabelText('Note'), 'Ask Ann');
  expect(node()?.note).toBe('Ask Ann');
  await userEvent.clear(screen.getByLabelText('Note'));

  expect(node()).not.toHaveProperty('note');
});

it('lets a number be an expression', async () => {
  const { node } = show({ action: 'http_request', input: { times: 3 } });

  await userEvent.click(screen.getByRole('button', { name: 'Enter an expression' }));

  expect(node()?.input).toEqual({ times: '$' + '{}' });
});

it('shows a fault at its field', () => {
  const { store } = show({ action: 'http_request', input: {} });

  store.getState().setFindings({
    faults: [{ inside: [], target: { kind: 'node', id: 'a' }, field: ['input', 'url'], message: 'needs a url' }],
    warnings: [],
  });

  return expect(screen.findByText('needs a url')).resolves.toBeTruthy();
});

it('keeps the focus of a field when a warning about it comes', async () => {
  const { store, node } = show({ action: 'http_request', input: {} });
  await userEvent.type(screen.getByLabelText(/^URL/), 'https');

  const target = { kind: 'node', id: 'a' } as const;
  const warnings = [
    { inside: [], target, field: ['input', 'url'], message: 'there is no secret' },
    { inside: [], target, field: ['agenticConfig'], message: 'nothing reads it' },
  ];
  act(() => store.getState().setFindings({ faults: [], warnings }));
  await userEvent.keyboard('://a');

  expect(node()?.input).toEqual({ url: 'https://a' });
  expect(screen.getByText('there is no secret')).toBeTruthy();
  expect(screen.getByText('nothing reads it')).toBeTruthy();
});

it('starts a retry override with the settings of the flow', async () => {
  const { node } = show({ action: 'http_request', input: {} });

  await userEvent.click(screen.getByRole('switch'));

  expect(node()?.retry).toEqual({ enabled: true, count: 2 });
});

it('selects the first skill of the chosen agent', async () => {
  fakeApi({ 'GET /studio/agents': () => [{ id: 'x', name: 'Ann', skills: ['score'], is_available: true }] });
  const { node } = show({ type: 'agent' });

  await userEvent.click(await screen.findByRole('combobox', { name: /^Agent/ }));
  await userEvent.click(await screen.findByText('Ann'));

  expect(node()).toMatchObject({ agent_id: 'x', skill: 'score' });
  expect(screen.getByRole('link', { name: 'Open Ann' }).getAttribute('href')).toBe('/agents?agent=x');
});

it('renames a node only on blur, and never to an id in use', async () => {
  const { node } = show({ action: 'http_request', input: {} });

  const field = screen.getByLabelText('ID');
  await userEvent.type(field, 'bc');
  expect(node()?.id).toBe('a');
  await userEvent.tab();

  expect(node()?.id).toBe('abc');
});

it('shows the values of a choice in words', async () => {
  const { node } = show({ action: 'http_request', input: {} });

  const field = screen.getByRole('combobox', { name: 'After the last attempt fails' });
  expect(field.getAttribute('placeholder')).toBe('Fail');
  await userEvent.click(field);
  await userEvent.click(await screen.findByText('Ask for a decision'));

  expect(node()?.on_exhausted).toBe('ask');
});

it('gives a node a session, and takes it away', async () => {
  fakeApi({ 'GET /studio/agents': () => [] });
  const { node } = show({ type: 'agent' });

  const session = screen.getByRole('group', { name: 'Session' });
  await userEvent.click(within(session).getByRole('switch', { name: 'Session' }));
  await userEvent.type(within(session).getByLabelText(/^Key/), 'chat-1');
  await userEvent.type(within(session).getByLabelText('Turns at most'), '7');
  await userEvent.click(within(session).getByRole('combobox', { name: 'When another execution writes' }));
  await userEvent.click(await screen.findByText('Interrupt it'));

  expect(node()?.session).toEqual({ key: 'chat-1', max_turns: 7, when_busy: 'interrupt' });
  await userEvent.click(within(session).getByRole('switch', { name: 'Session' }));
  expect(node()).not.toHaveProperty('session');
});

it('keeps the short form and unknown keys of a session, and shows what is wrong at each of its fields', async () => {
  fakeApi({ 'GET /studio/agents': () => [] });
  const { store, node } = show({ type: 'agent', session: 'a' });
  const target = { kind: 'node', id: 'a' } as const;
  const found = (...keys: string[]) => ({
    inside: [],
    target,
    field: ['session', ...keys],
    message: `wrong ${keys.join()}.`,
  });

  await userEvent.type(screen.getByLabelText(/^Key/), 'b');
  expect(node()?.session).toBe('ab');
  act(() => store.getState().setFindings({ faults: [found()], warnings: [{ ...found(), message: 'no model' }] }));
  expect(screen.getByText('wrong .').closest('.mantine-InputWrapper-root')?.textContent).toContain('Key');
  expect(screen.getAllByText('no model')).toHaveLength(1);

  act(() => store.getState().apply(updateNode('a', { session: { key: 'a', summary: true } }), 'x'));
  const faults = [found('key'), found('summary'), found('max_turns')];
  act(() => store.getState().setFindings({ faults, warnings: [{ ...found(), message: 'no model' }] }));
  for (const { message } of faults) expect(screen.getByText(message)).toBeTruthy();
  expect(screen.getAllByText('no model')).toHaveLength(1);
  await userEvent.type(screen.getByLabelText(/^Key/), 'b');
  expect(node()?.session).toEqual({ key: 'ab', summary: true });
});

it('gives a trigger a schedule, and shows when it starts next', async () => {
  const asked = fakeApi({ 'GET /studio/schedules/next': () => ({ next: ['2026-11-30T09:00:00+01:00'] }) });
  const { node } = show({ type: 'trigger' });

  await userEvent.click(screen.getByRole('switch', { name: 'Schedule' }));
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  expect(node()?.schedule).toEqual({ cron: '0 9 * * *', timezone: timeZone });
  await userEvent.click(screen.getByRole('combobox', { name: 'Starts' }));
  await userEvent.click(await screen.findByText('Working days at 9:00'));
  await userEvent.type(screen.getByLabelText('Jitter in seconds'), '5');

  expect(node()?.schedule).toEqual({ cron: '0 9 * * MON-FRI', timezone: timeZone, jitter_seconds: 5 });
  const next = screen.getByRole('region', { name: 'Next starts' });
  expect(await within(next).findByText(/^Mon,? 30 Nov,? 09:00$/)).toBeTruthy();
  expect(within(next).getByText('Starts when the flow is active.')).toBeTruthy();
  await vi.waitFor(() => expect(asked.at(-1)?.query.get('cron')).toBe('0 9 * * MON-FRI'));
  await userEvent.click(screen.getByRole('switch', { name: 'Schedule' }));
  expect(node()).not.toHaveProperty('schedule');
});

it('shows faults of a schedule at their fields, and what the server says of the expression', async () => {
  fakeApi({ 'GET /studio/schedules/next': () => problem(400, 'invalid-parameter', 'It names no day that exists.') });
  const { store, node } = show({ type: 'trigger', schedule: { cron: '0 9 30 2 *', calendar: 'bank' } });

  expect(await screen.findByText('It names no day that exists.')).toBeTruthy();
  const target = { kind: 'node', id: 'a' } as const;
  const faults = ['cron', 'jitter_seconds', 'calendar'].map((key) => ({
    inside: [],
    target,
    field: ['schedule', key],
    message: `wrong ${key}.`,
  }));
  act(() => store.getState().setFindings({ faults, warnings: [] }));

  for (const { message } of faults) expect(screen.getByText(message)).toBeTruthy();
  // What is folded away is shown where it has a fault.
  expect(screen.getByText('More').closest('details')?.open).toBe(true);
  expect(screen.queryByText('It names no day that exists.')).toBeNull();
  await userEvent.type(screen.getByLabelText(/^Cron expression/), '!');
  expect(node()?.schedule).toEqual({ cron: '0 9 30 2 *!', calendar: 'bank' });
});

it('gives a trigger a webhook, and shows its address, its secrets and its last calls', async () => {
  const call = { at: '2026-11-30T09:00:00Z', count: 1, execution_id: null, reason: null };
  const calls = [
    { ...call, count: 3, verdict: 'refused', reason: 'wrong_signature' },
    { ...call, verdict: 'started', execution_id: '01900000-0000-7000-8000-00000000dead' },
  ];
  const secrets = [{ name: 'WEBHOOK', status: 'missing' }];
  fakeApi({ 'GET /studio/webhooks': () => [{ flow_id: 'f', url_path: '/hooks/paid', secrets, calls }] });
  const { store, node } = show({ type: 'trigger' });

  await userEvent.click(screen.getByRole('switch', { name: 'Webhook' }));
  const secret = '$' + '{secrets.WEBHOOK}';
  expect(node()?.webhook).toEqual({ path: '', scheme: 'github', secret });
  expect(screen.getByText('Enter a path to see the address.')).toBeTruthy();
  await userEvent.type(screen.getByLabelText(/^Path/), 'paid');
  expect(screen.getByText(`${window.location.origin}/hooks/paid`)).toBeTruthy();
  expect(await screen.findByText('Refused: wrong signature 3×')).toBeTruthy();
  expect(screen.getByText('missing')).toBeTruthy();
  expect(screen.getByRole('link', { name: 'Open execution' })).toBeTruthy();

  expect(screen.queryByLabelText(/^Header with the signature/)).toBeNull();
  act(() =>
    store.getState().apply(updateNode('a', { webhook: { path: 'paid', scheme: 'hmac', secret, mine: 1 } }), 'x'),
  );
  await userEvent.type(screen.getByLabelText(/^Header with the signature/), 'X');
  expect(node()?.webhook).toEqual({ path: 'paid', scheme: 'hmac', secret, mine: 1, header: 'X' });
});
