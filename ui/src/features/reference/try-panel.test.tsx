import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { fakeApi } from '@/testing/fake-api';
import { renderScreen } from '@/testing/render';
import type { Operation } from './document';
import { OperationView } from './operation-view';

const OPERATION: Operation = {
  id: 'show_flow',
  method: 'GET',
  path: '/api/v1/studio/flows/{id}',
  group: 'flows',
  summary: 'Shows a flow.',
  description: '',
  permission: { name: 'view_catalogue', role: 'viewer' },
  parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
  body: null,
  successes: [{ status: '200', description: 'The flow', headers: [], schema: null, isStream: false }],
  problems: [],
  isStream: false,
};

test('a GET is sent when its path is filled in; what changes something asks first', async () => {
  const asked = fakeApi({
    'GET /studio/flows/*': () => ({ name: 'Nightly' }),
    'DELETE /studio/flows/*': () => new Response(null, { status: 204 }),
  });
  const user = userEvent.setup();
  const { unmount } = await renderScreen(<OperationView operation={OPERATION} schemas={{}} />);

  await user.click(screen.getByRole('button', { name: 'Send request' }));
  expect(asked.filter(({ path }) => path.includes('/flows/'))).toEqual([]);
  await user.type(screen.getByRole('textbox', { name: /^id/ }), 'a b');
  expect(screen.getByText(/flows\/a%20b/)).toBeDefined();
  await user.click(screen.getByRole('button', { name: 'Send request' }));
  expect(await screen.findByText(/Nightly/)).toBeDefined();
  expect(screen.getAllByText('200')).toHaveLength(2);
  unmount();

  await renderScreen(<OperationView operation={{ ...OPERATION, id: 'delete_flow', method: 'DELETE' }} schemas={{}} />);
  await user.type(screen.getByRole('textbox', { name: /^id/ }), 'x');
  await user.click(screen.getByRole('button', { name: 'Send request' }));
  expect(screen.getByText('DELETE /api/v1/studio/flows/x changes what is on this server.')).toBeDefined();
  await user.click(screen.getByRole('button', { name: 'Do not send' }));
  await user.click(screen.getByRole('button', { name: 'Send request' }));
  expect(asked.some(({ method }) => method === 'DELETE')).toBe(false);
  await user.click(screen.getByRole('button', { name: 'Send it' }));
  await waitFor(() => expect(asked.some(({ method }) => method === 'DELETE')).toBe(true));
  expect(await screen.findByText('The response has no body.')).toBeDefined();
});

test('what shows a secret has examples, and no button that sends it', async () => {
  fakeApi({});

  await renderScreen(<OperationView operation={{ ...OPERATION, id: 'create_key', method: 'POST' }} schemas={{}} />);

  expect(await screen.findByText(/holds a secret/)).toBeDefined();
  expect(screen.queryByRole('button', { name: 'Send request' })).toBeNull();
  expect(screen.getByText(/^curl -X POST/)).toBeDefined();
});
