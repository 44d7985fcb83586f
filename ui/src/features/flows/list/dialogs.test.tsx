import { fireEvent, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, test, vi } from 'vitest';
import { aFlow } from '@/testing/a-flow';
import { fakeApi } from '@/testing/fake-api';
import { renderScreen } from '@/testing/render';
import { DeleteModal } from './delete-modal';
import { ImportModal } from './import-modal';

const flow = aFlow({
  execution_counts: { total: 24, completed: 20, failed: 2, cancelled: 0, unfinished: 2 },
});

describe('deleting a flow', () => {
  test('shows what will be deleted, and requires the name', async () => {
    const asked = fakeApi({
      'GET /studio/flows/f1': () => flow,
      'DELETE /studio/flows/f1': () => new Response(null, { status: 204 }),
    });
    const onClose = vi.fn();
    const user = userEvent.setup();
    await renderScreen(<DeleteModal flow={flow} opened onClose={onClose} />);
    const deletions = () => asked.filter(({ method }) => method === 'DELETE').length;

    expect(await screen.findByText(/24 executions with all attempts/)).toBeTruthy();
    expect(screen.getByText(/2 executions have not finished and will be cancelled first/)).toBeTruthy();
    await user.click(screen.getByRole('button', { name: 'Delete flow' }));
    expect(deletions()).toBe(0);
    await user.type(screen.getByRole('textbox'), 'Vendor review{Enter}');

    await waitFor(() => expect(onClose).toHaveBeenCalled());
    expect(deletions()).toBe(1);
  });
});

describe('importing a flow', () => {
  const choose = (text: string) => {
    const input = document.querySelector('input[type="file"]');
    if (!input) throw new Error('There is no file input.');
    fireEvent.change(input, { target: { files: [new File([text], 'review.flow.json')] } });
  };

  test('shows every fault that the server finds, and stores nothing', async () => {
    const asked = fakeApi({
      'POST /studio/flows/validate': () => ({
        valid: false,
        errors: [{ pointer: '/retry_count', message: 'must be a whole number from 0 to 10, not 99' }],
        warnings: [],
      }),
    });
    await renderScreen(<ImportModal folder={undefined} opened onClose={() => {}} />);

    choose('{"name": "Review", "retry_count": 99, "flow_definition": {"nodes": []}}');

    expect(await screen.findByText('/retry_count')).toBeTruthy();
    await userEvent.setup().click(screen.getByRole('button', { name: 'Import as draft' }));
    expect(asked.map(({ path }) => path)).toEqual(['/studio/flows/validate']);
  });

  test('stores a valid flow as a draft, whatever its status, and opens it', async () => {
    const asked = fakeApi({
      'POST /studio/flows/validate': () => ({ valid: true, errors: [], warnings: [] }),
      'POST /studio/flows': () => flow,
    });
    const { history } = await renderScreen(<ImportModal folder={undefined} opened onClose={() => {}} />);

    choose(JSON.stringify(flow));
    await screen.findByText(/“Vendor review” is ready to import/);
    await userEvent.setup().click(screen.getByRole('button', { name: 'Import as draft' }));

    await waitFor(() => expect(history.location.pathname).toBe('/flows/f1'));
    expect(asked.at(-1)?.body).toMatchObject({ name: 'Vendor review', status: 'draft' });
    expect(asked.at(-1)?.body).not.toHaveProperty('id');
  });
});
