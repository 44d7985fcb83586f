// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of flows.
import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { fireEvent, render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterAll, expect, it, vi } from 'vitest';
import type { Flow } from '@/api/types';
import { type Asked, fakeApi } from '@/testing/fake-api';
import { nodeById } from '../document/definition';
import { DraftContext } from '../document/draft-context';
import { createDraftStore } from '../document/draft-store';
import { NodeTest } from './node-test';
import { keepPin, readPins, TRIGGER } from './pins';

// Test files share their modules: what is mocked here is imported again, here and by the next file.
vi.hoisted(() => vi.resetModules());
afterAll(() => vi.resetModules());
// CodeMirror needs a layout, which happy-dom does not have; a text field serves the test as well.
vi.mock('../form/code-editor', () => ({
  CodeEditor: ({ value, label, onChange }: { value: string; label: string; onChange: (text: string) => void }) => (
    <textarea aria-label={label} value={value} onChange={(event) => onChange(event.currentTarget.value)} />
  ),
}));

const ANSWER = {
  success: true,
  input: { risk: 7 },
  output: { answer: 42 },
  error: null,
  usage: { input_tokens: 12, cached_input_tokens: 8, output_tokens: 1, cost: null },
  verdicts: [],
  duration_ms: 340,
};

const flow = {
  id: 'f',
  version: 1,
  retry_on_failure: false,
  retry_count: 0,
  flow_definition: {
    nodes: [
      { id: 'fetch', name: 'Fetch', type: 'action', action: 'http_request' },
      { id: 'ask', type: 'agent', agent_id: 'g', skill: 'score', input: { vendor: 'Acme' } },
      { id: 'a', type: 'action', action: 'echo', input: { risk: '${fetch.risk}', of: '${trigger_data.vendor}' } },
    ],
    edges: [{ from: 'fetch', to: 'a' }],
  },
} as unknown as Flow;

function open(id = 'a') {
  const store = createDraftStore(flow);
  const node = nodeById(store.getState().present, id);
  if (!node) throw new Error(`the flow has no node ${id}`);
  render(
    <MantineProvider env="test">
      <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
        <DraftContext value={store}>
          <NodeTest node={node} flowId={flow.id} />
        </DraftContext>
      </QueryClientProvider>
    </MantineProvider>,
  );
}

const pinned = async (label: string) =>
  (await screen.findByRole<HTMLTextAreaElement>('textbox', { name: label })).value;
const press = async () => userEvent.click(screen.getByRole('button', { name: 'Test' }));
const bodyOf = (asked: Asked[]) => asked.find(({ path }) => path === '/studio/flows/test-node')?.body;

/** Two executions; only the older one has an output of `fetch`. */
function api(test: () => unknown = () => ANSWER): Asked[] {
  return fakeApi({
    'GET /studio/executions': () => [{ id: '2' }, { id: '1' }],
    'GET /studio/executions/2': () => ({
      trigger_data: { vendor: 'New' },
      execution_data: {},
      created_at: '2027-01-02',
    }),
    'GET /studio/executions/1': () => ({
      trigger_data: { vendor: 'Old' },
      execution_data: { fetch: { risk: 1 } },
      created_at: '2027-01-01',
    }),
    'POST /studio/flows/test-node': test,
  });
}

it('starts with the output of the last execution that has one, and sends it', async () => {
  const asked = api();
  open();

  expect(JSON.parse(await pinned('Output of Fetch'))).toEqual({ risk: 1 });
  expect(JSON.parse(await pinned('Trigger data'))).toEqual({ vendor: 'New' });
  await press();

  const result = within(await screen.findByRole('group', { name: 'Succeeded' }));
  expect(result.getByText(/in 340 ms · tokens: 12 in \(of them 8 cached\), 1 out/)).toBeTruthy();
  expect(within(result.getByRole('region', { name: 'Output' })).getByText(/42/)).toBeTruthy();
  expect(within(result.getByRole('region', { name: 'Resolved input' })).getByText(/7/)).toBeTruthy();
  expect(bodyOf(asked)).toMatchObject({
    node_id: 'a',
    trigger_data: { vendor: 'New' },
    outputs: { fetch: { risk: 1 } },
    flow_definition: flow.flow_definition,
  });
});

it('starts with earlier pins, and returns to the values of the execution on request', async () => {
  api();
  keepPin('f', 'fetch', '{"risk": 9}');
  open();

  expect(await pinned('Output of Fetch')).toBe('{"risk": 9}');
  await userEvent.click(await screen.findByRole('button', { name: 'Use last execution' }));

  expect(JSON.parse(await pinned('Output of Fetch'))).toEqual({ risk: 1 });
  expect(readPins('f').has('fetch')).toBe(false);
});

it('starts with an empty object if nothing ran', async () => {
  fakeApi({ 'GET /studio/executions': () => [] });
  open();

  expect(await pinned('Output of Fetch')).toBe('{}');
  expect(screen.getAllByText('No execution has this data yet.')).toHaveLength(2);
});

it('keeps pins, and tests only with valid JSON', async () => {
  const asked = api();
  open();
  const field = await screen.findByRole('textbox', { name: 'Output of Fetch' });

  fireEvent.change(field, { target: { value: '{"risk": 3}' } });
  fireEvent.change(field, { target: { value: '{"risk": ' } });
  await press();

  expect(screen.getByRole('button', { name: 'Test' }).getAttribute('aria-disabled')).toBe('true');
  expect(screen.getByText('Not valid JSON yet.')).toBeTruthy();
  expect(bodyOf(asked)).toBeUndefined();
  expect(readPins('f').get('fetch')).toBe('{"risk": 3}');
  expect(readPins('f').has(TRIGGER)).toBe(false);
});

it('shows why a node failed', async () => {
  const error = {
    error_class: 'expression',
    error_message: '`${fetch.risk}`: `fetch` has no field `risk`; it has `name`',
  };
  api(() => ({ ...ANSWER, success: false, input: null, output: null, error }));
  open();
  await pinned('Output of Fetch');

  await press();

  const result = within(await screen.findByRole('group', { name: 'Failed' }));
  expect(result.getByText('Expression')).toBeTruthy();
  expect(result.getByText(error.error_message)).toBeTruthy();
  expect(result.queryByRole('region', { name: 'Output' })).toBeNull();
});

it('can cancel a running test', async () => {
  api();
  const answer = globalThis.fetch;
  vi.stubGlobal('fetch', (request: Request) => {
    if (!request.url.includes('test-node')) return answer(request);
    const { signal } = request;
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  });
  open();
  await pinned('Output of Fetch');

  await press();
  await userEvent.click(await screen.findByRole('button', { name: 'Cancel' }));

  expect(await screen.findByText(/^Cancelled\./)).toBeTruthy();
  expect(screen.queryByRole('button', { name: 'Cancel' })).toBeNull();
});

it('fetches no execution for a node that reads nothing', async () => {
  const asked = api();
  open('fetch');

  expect(screen.getByText('This node uses no data from other nodes.')).toBeTruthy();
  expect(asked.filter(({ path }) => path.startsWith('/studio/executions'))).toEqual([]);
});

it('previews the prompt of an agent without calling it', async () => {
  const asked = fakeApi({
    'POST /studio/flows/test-node': () => ({ ...ANSWER, input: { vendor: 'Acme' }, output: null }),
    'POST /studio/agents/g/try': () => ({
      prompt: { system: 'Rate \u202eAcme.', user: '{"vendor":"Acme"}', tools: ['look'] },
      error: null,
    }),
  });
  open('ask');

  await userEvent.click(screen.getByRole('button', { name: 'Preview prompt' }));

  const preview = within(await screen.findByRole('region', { name: 'Prompt' }));
  expect(preview.getByText('Rate \\u202eAcme.')).toBeTruthy();
  expect(preview.getByText('Tools: look')).toBeTruthy();
  const sent = asked.filter(({ method }) => method === 'POST').map(({ body }) => body);
  expect(sent[0]).toMatchObject({ node_id: 'ask', only_input: true });
  expect(sent[1]).toEqual({ skill: 'score', input_data: { vendor: 'Acme' }, only_prompt: true });
});
