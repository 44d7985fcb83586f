// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of flows.
import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { fireEvent, render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterAll, expect, it, vi } from 'vitest';
import type { Flow } from '@/api/types';
import { type Asked, fakeApi } from '@/testing/fake-api';
import { createBench } from '../bench/bench';
import { BenchContext } from '../bench/bench-context';
import { keepPin, readPins } from '../bench/pins';
import { TestingContext, useTesting } from '../bench/use-testing';
import { nodeById } from '../document/definition';
import { DraftContext } from '../document/draft-context';
import { createDraftStore } from '../document/draft-store';
import { InputPane } from './input-pane';
import { OutputPane } from './output-pane';
import { TestButton } from './test-button';

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
  render(
    <MantineProvider env="test">
      <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
        <DraftContext value={createDraftStore(flow)}>
          <BenchContext value={createBench(flow.id, true)}>
            <Panes id={id} />
          </BenchContext>
        </DraftContext>
      </QueryClientProvider>
    </MantineProvider>,
  );
}

function Panes({ id }: { id: string }) {
  const testing = useTesting(flow, () => {});
  const node = nodeById(flow.flow_definition, id);
  if (!node) throw new Error(`the flow has no node ${id}`);
  return (
    <TestingContext value={testing}>
      <InputPane flowId={flow.id} place={{ node: id }} />
      <TestButton id={id} />
      <OutputPane node={node} flow={flow} />
    </TestingContext>
  );
}

const source = async (name: string) => within(await screen.findByRole('region', { name }));
const output = async () => within(await screen.findByRole('group', { name: 'Output of a' }));
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
  const fetched = await source('Output of Fetch');
  expect(fetched.getByText(/^From the last execution,/)).toBeTruthy();
  expect(fetched.getByRole('treeitem', { name: 'risk 1' })).toBeTruthy();
  expect((await source('Trigger data')).getByRole('treeitem', { name: 'vendor "New"' })).toBeTruthy();

  await press();

  const result = within(await screen.findByRole('group', { name: 'Succeeded' }));
  expect(result.getByText(/in 340 ms · tokens: 12 in \(of them 8 cached\), 1 out/)).toBeTruthy();
  const pinned = await output();
  expect(pinned.getByText(/42/)).toBeTruthy();
  expect(pinned.getByText(/^From a test,/)).toBeTruthy();
  expect(readPins('f').get('a')?.test?.text).toContain('42');
  expect(bodyOf(asked)).toMatchObject({
    node_id: 'a',
    trigger_data: { vendor: 'New' },
    outputs: { fetch: { risk: 1 } },
    flow_definition: flow.flow_definition,
  });
});

it('uses what was typed instead, until it is unpinned', async () => {
  const asked = api();
  keepPin('f', 'fetch', 'hand', { text: '{"risk": 9}', at: 1, of: '' });
  open();
  const fetched = await source('Output of Fetch');
  expect(fetched.getByText(/^Pinned by hand,/)).toBeTruthy();
  await userEvent.click(fetched.getByRole('button', { name: 'Edit Output of Fetch' }));
  const field = fetched.getByRole('textbox', { name: 'Output of Fetch' });
  fireEvent.change(field, { target: { value: '{"risk": 3}' } });
  fireEvent.change(field, { target: { value: '{"risk": ' } });

  expect(fetched.getByText('Not valid JSON yet.')).toBeTruthy();
  expect(readPins('f').get('fetch')?.hand?.text).toBe('{"risk": 3}');
  fireEvent.change(field, { target: { value: '{"risk": 3}' } });
  await press();
  await screen.findByRole('group', { name: 'Succeeded' });
  expect(bodyOf(asked)).toMatchObject({ outputs: { fetch: { risk: 3 } } });

  await userEvent.click(fetched.getByRole('button', { name: 'Unpin' }));
  expect(fetched.getByText(/^From the last execution,/)).toBeTruthy();
  expect(readPins('f').has('fetch')).toBe(false);
});

it('says what has no value yet, and leaves it to the server to miss it', async () => {
  const asked = fakeApi({
    'GET /studio/executions': () => [],
    'POST /studio/flows/test-node': () => ANSWER,
  });
  open();
  expect((await source('Output of Fetch')).getByText(/^No value yet/)).toBeTruthy();

  await press();

  await screen.findByRole('group', { name: 'Succeeded' });
  expect(bodyOf(asked)).toMatchObject({ outputs: {} });
});

it('shows why a node failed', async () => {
  const error = {
    error_class: 'expression',
    error_message: '`${fetch.risk}`: `fetch` has no field `risk`; it has `name`',
  };
  api(() => ({ ...ANSWER, success: false, input: null, output: null, error }));
  open();
  await source('Output of Fetch');

  await press();

  const result = within(await screen.findByRole('group', { name: 'Failed' }));
  expect(result.getByText('Expression')).toBeTruthy();
  expect(result.getByText(error.error_message)).toBeTruthy();
  expect(result.getByText(/^In a run, it is not retried: expression errors/)).toBeTruthy();
  expect((await output()).getByText(/^No test and no execution has this value yet/)).toBeTruthy();
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
  await source('Output of Fetch');

  await press();
  await userEvent.click(await screen.findByRole('button', { name: 'Stop' }));

  expect(await screen.findByText(/^Cancelled\./)).toBeTruthy();
  expect(screen.queryByRole('button', { name: 'Stop' })).toBeNull();
});

it('previews the prompt of an agent without calling it', async () => {
  const asked = fakeApi({
    'POST /studio/flows/test-node': () => ({ ...ANSWER, input: { vendor: 'Acme' }, output: null }),
    'GET /studio/executions': () => [],
    'POST /studio/agents/g/try': () => ({
      prompt: { system: 'Rate \u202eAcme.', user: '{"vendor":"Acme"}', tools: ['look'] },
      error: null,
    }),
  });
  open('ask');
  await source('Trigger data');

  await userEvent.click(screen.getByRole('button', { name: 'Preview prompt' }));

  const preview = within(await screen.findByRole('region', { name: 'Prompt' }));
  expect(preview.getByText('Rate \\u202eAcme.')).toBeTruthy();
  expect(preview.getByText('Tools: look')).toBeTruthy();
  const sent = asked.filter(({ method }) => method === 'POST').map(({ body }) => body);
  expect(sent[0]).toMatchObject({ node_id: 'ask', only_input: true });
  expect(sent[1]).toEqual({ skill: 'score', input_data: { vendor: 'Acme' }, only_prompt: true });
});
