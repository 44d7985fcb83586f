import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, test, vi } from 'vitest';
import type { Flow } from '@/api/types';
import { aFlow } from '@/testing/a-flow';
import { fakeApi, json } from '@/testing/fake-api';
import { renderScreen } from '@/testing/render';
import { SettingsModal } from './settings-modal';

const flow = aFlow({
  version: 3,
  retry_on_failure: true,
  retry_count: 3,
  timeout_seconds: 600,
});

async function open(
  current: Flow,
  onPatch: (body: unknown) => unknown = (body) => ({ ...current, ...(body as object) }),
  shown: Flow = flow,
) {
  const asked = fakeApi({
    'GET /studio/flows': () => [current],
    'GET /studio/flows/f1': () => current,
    'PATCH /studio/flows/f1': ({ body }) => onPatch(body),
  });
  const onClose = vi.fn();
  await renderScreen(<SettingsModal flow={shown} opened onClose={onClose} />);
  const sent = () => asked.filter(({ method }) => method === 'PATCH').map(({ body }) => body);
  return { sent, onClose, user: userEvent.setup() };
}

const retype = async (user: ReturnType<typeof userEvent.setup>, label: string, text: string) => {
  await user.clear(screen.getByLabelText(label));
  await user.type(screen.getByLabelText(label), text);
};

describe('the settings of a flow', () => {
  test('show what they mean while typing', async () => {
    const { user } = await open(flow);
    expect(screen.getByText(/up to 4 attempts; backoffs 1\ss, 2\ss, 4\ss; fails after about 7\ss/)).toBeTruthy();

    await retype(user, 'Timeout Seconds', '3');

    expect(screen.getByText(/Only 2 of 4 attempts can start/)).toBeTruthy();
  });

  test('are saved only if they changed', async () => {
    const { user, sent, onClose } = await open(flow);

    await retype(user, 'Retry Count', '5');
    await user.click(screen.getByRole('button', { name: 'Save' }));

    await waitFor(() => expect(onClose).toHaveBeenCalled());
    expect(sent()).toEqual([{ retry_count: 5 }]);
  });

  test('turn retries on with a count', async () => {
    const never = { ...flow, retry_on_failure: false, retry_count: 0 };
    const { user, sent } = await open(never, undefined, never);

    await user.click(screen.getByRole('switch', { name: /Retry on Failure/ }));
    expect(screen.getByText(/up to 4 attempts/)).toBeTruthy();
    await user.click(screen.getByRole('button', { name: 'Save' }));

    await waitFor(() => expect(sent()).toEqual([{ retry_on_failure: true, retry_count: 3 }]));
  });

  test('show faults of the server at their fields', async () => {
    const { user, onClose } = await open(flow, () =>
      json(
        {
          title: 'The flow is not valid',
          detail: 'One fault.',
          errors: [{ pointer: '/context_id_template', message: '`context_id_template` can use `trigger_data` only' }],
        },
        { status: 422 },
      ),
    );

    await user.type(screen.getByLabelText('Reference ID template'), 'score');
    await user.click(screen.getByRole('button', { name: 'Save' }));

    expect(await screen.findByText('Can use `trigger_data` only.')).toBeTruthy();
    expect(screen.getByLabelText('Reference ID template').getAttribute('aria-invalid')).toBe('true');
    expect(onClose).not.toHaveBeenCalled();
  });

  test('that were changed elsewhere, too, are resolved by the user, and other changes are merged', async () => {
    const { user, sent } = await open({ ...flow, retry_count: 7, description: 'Theirs' });

    await retype(user, 'Retry Count', '5');
    await user.click(screen.getByRole('button', { name: 'Save' }));
    await user.click(await screen.findByRole('button', { name: 'Save mine' }));

    await waitFor(() => expect(sent()).toEqual([{ retry_count: 5 }]));
  });

  test('are not lost by accident', async () => {
    const { user, onClose } = await open(flow);

    await retype(user, 'Retry Count', '5');
    await user.keyboard('{Escape}');

    expect(screen.getByText('You have unsaved changes.')).toBeTruthy();
    expect(onClose).not.toHaveBeenCalled();
    await user.click(screen.getByRole('button', { name: 'Discard changes' }));
    expect(onClose).toHaveBeenCalled();
  });
});
