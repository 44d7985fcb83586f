import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { fakeApi, json, problem } from '@/testing/fake-api';
import { renderScreen } from '@/testing/render';
import { AgentSessions } from './agent-sessions';

const AGENT = '11111111-1111-4111-8111-111111111111';
const RUN = '22222222-2222-4222-8222-222222222222';
const NEXT = '33333333-3333-4333-8333-333333333333';
const KEY = 'a/b ?#%\u202e';

const summary = (key: string, rest: object = {}) => ({
  key,
  last_turn: 30,
  bytes: 4_200,
  created_at: '2026-01-01T00:00:00Z',
  used_at: '2026-01-01T00:00:00Z',
  held_by: null,
  ...rest,
});

const turn = (number: number, execution = RUN) => ({
  number,
  execution_id: execution,
  node_id: 'clerk',
  question: { message: `**question** ${number}` },
  answer: { text: `<b>answer</b> ${number}` },
  input_tokens: 20,
  output_tokens: 5,
  answered_at: '2026-01-01T00:00:00Z',
});

const turns = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => turn(from + at));

test('sessions are listed by page, with who writes them', async () => {
  const asked = fakeApi({
    'GET /studio/agents/*/sessions': ({ query }) =>
      query.get('cursor') === 'c'
        ? json([summary('second')], { headers: { 'X-Total-Count': '2' } })
        : json([summary(KEY, { held_by: { execution_id: RUN, node_id: 'clerk' } })], {
            headers: { 'X-Total-Count': '2', Link: '</api/v1/studio/agents/x/sessions?cursor=c>; rel="next"' },
          }),
  });
  const onSession = vi.fn();
  await renderScreen(<AgentSessions agentId={AGENT} session={undefined} onSession={onSession} />);

  const link = await screen.findByRole('link', { name: 'execution 22222222' });
  expect(link.getAttribute('href')).toBe(`/executions/${RUN}?node=clerk`);
  await userEvent.click(screen.getByRole('button', { name: 'Show more (1 left)' }));
  const second = await screen.findByRole('button', { name: 'second' });
  expect(within(second.closest('tr') as HTMLElement).getByText('4.2 kB')).toBeTruthy();
  await userEvent.click(screen.getByRole('button', { name: 'a/b ?#%\\u202e' }));
  expect(onSession).toHaveBeenCalledWith(KEY);
  await userEvent.type(screen.getByLabelText('Key of a session'), 'other{Enter}');
  expect(onSession).toHaveBeenCalledWith('other');
  expect(asked.length).toBeGreaterThan(1);
});

test('an agent without sessions says how one is made', async () => {
  fakeApi({ 'GET /studio/agents/*/sessions': () => json([], { headers: { 'X-Total-Count': '0' } }) });
  await renderScreen(<AgentSessions agentId={AGENT} session={undefined} onSession={vi.fn()} />);

  expect(await screen.findByText('No sessions yet')).toBeTruthy();
});

test('a session is read from its end, its last turn is written again, and it is deleted unless it is held', async () => {
  let isHeld = true;
  const asked = fakeApi({
    'GET /studio/agents/*/sessions/*': ({ query }) => {
      const before = Number(query.get('before') ?? 31);
      return { ...summary(KEY), turns: turns(Math.max(before - Number(query.get('limit')), 1), before - 1) };
    },
    'POST /studio/agents/*/sessions/*/regenerate': () => ({ new_execution_id: NEXT, status: 'pending' }),
    'DELETE /studio/agents/*/sessions/*': () =>
      isHeld ? problem(409, 'session-busy', `Execution ${RUN} has it.`) : new Response(null, { status: 204 }),
  });
  const onSession = vi.fn();
  await renderScreen(<AgentSessions agentId={AGENT} session={KEY} onSession={onSession} />);

  const list = await screen.findByRole('list', { name: 'Turns of the session' });
  expect(within(list).getAllByText(/^\{"message":"\*\*question\*\* \d+"\}$/)).toHaveLength(20);
  expect(within(list).getByText('<b>answer</b> 30')).toBeTruthy();
  await userEvent.click(screen.getByRole('button', { name: 'Show earlier turns' }));
  await within(list).findByText('<b>answer</b> 1');
  expect(screen.queryByRole('button', { name: 'Show earlier turns' })).toBeNull();
  expect(
    within(list)
      .getAllByText(/^Turn \d+$/)
      .map((title) => title.textContent),
  ).toEqual(Array.from({ length: 30 }, (_, at) => `Turn ${at + 1}`));
  expect(asked.map(({ path }) => decodeURIComponent(path.split('/').at(-1) ?? ''))).toEqual([KEY, KEY]);

  await userEvent.click(screen.getByRole('button', { name: 'Write turn 30 again' }));
  const link = await screen.findByRole('link', { name: 'execution 33333333' });
  expect(link.getAttribute('href')).toBe(`/executions/${NEXT}?node=clerk`);
  expect(asked.find(({ method }) => method === 'POST')?.body).toEqual({ turn: 30 });

  await userEvent.click(screen.getByRole('button', { name: 'Delete session' }));
  expect(await screen.findByText(/The session a\/b \?#%\\u202e is deleted with 30 turns/)).toBeTruthy();
  await userEvent.click(screen.getByRole('button', { name: 'Delete it' }));
  expect((await screen.findByRole('alert')).textContent).toContain(`Execution ${RUN} has it.`);
  expect(onSession).not.toHaveBeenCalled();
  isHeld = false;
  await userEvent.click(screen.getByRole('button', { name: 'Delete it' }));
  await vi.waitFor(() => expect(onSession).toHaveBeenCalledWith(undefined));
});
