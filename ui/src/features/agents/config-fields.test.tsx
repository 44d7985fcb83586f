import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { fakeApi, json } from '@/testing/fake-api';
import { renderScreen } from '@/testing/render';
import { AgentsPage } from './agents-page';

const config = { provider: 'openai', model: 'small' };

/** Opens the form of an agent with these keys, and returns the configuration that was sent last. */
async function edit(keys: Record<string, unknown>) {
  const agent = {
    id: '11111111-1111-4111-8111-111111111111',
    name: 'Analyst',
    agent_type: 'llm',
    description: '',
    category: null,
    tags: [],
    skills: ['score'],
    skill_definitions: [{ name: 'score' }],
    config: { ...config, ...keys },
    prices: { currency: 'EUR', input_per_million: 2 },
    protection: null,
    budget: null,
    budget_today: null,
    usage_count: 0,
    last_used_at: null,
    etag: '"1"',
  };
  const refusal = json(
    {
      title: 'The agent document is not valid',
      status: 422,
      detail: 'It has a fault.',
      errors: [
        { pointer: '/config/idle_timeout_seconds', message: 'it must be at most 3600' },
        { pointer: '/prices/currency', message: 'must be three capital letters' },
        { pointer: '/config/fallbacks/0/prices/output_per_million', message: 'must be a number from 0' },
      ],
    },
    { status: 422 },
  );
  const asked = fakeApi({ 'GET /studio/agents': () => [agent], 'PATCH /studio/agents/*': () => refusal.clone() });
  await renderScreen(<AgentsPage />);
  await userEvent.click(await screen.findByRole('button', { name: 'Edit Analyst' }));
  const sent = () =>
    asked.filter(({ method }) => method === 'PATCH').map(({ body }) => body as { config: unknown; prices: unknown });
  return {
    stream: await screen.findByRole<HTMLInputElement>('switch', { name: /^Stream answers/ }),
    idle: screen.getByLabelText<HTMLInputElement>('Idle timeout in seconds'),
    save: async () => {
      const before = sent().length;
      await userEvent.click(screen.getByRole('button', { name: 'Save agent' }));
      await vi.waitFor(() => expect(sent().length).toBe(before + 1));
      return sent().at(-1)?.config;
    },
    prices: () => sent().at(-1)?.prices,
  };
}

test('an agent without settings of streams shows the defaults, and is saved without them', async () => {
  const { stream, idle, save } = await edit({});

  expect([stream.checked, idle.value, idle.placeholder]).toEqual([true, '', '120']);
  expect(await save()).toEqual(config);
});

test('settings of streams that are not touched are saved as they were', async () => {
  const keys = { stream: true, idle_timeout_seconds: 30 };
  const { stream, idle, save } = await edit(keys);

  expect([stream.checked, idle.value]).toEqual([true, '30']);
  expect(await save()).toEqual({ ...config, ...keys });
});

test('streams are turned off and on, and the idle timeout is set and removed', async () => {
  const { stream, idle, save } = await edit({});

  await userEvent.click(stream);
  expect(idle.placeholder).toBe('300, or the timeout of the node');
  await userEvent.type(idle, '4000');
  expect(await save()).toEqual({ ...config, stream: false, idle_timeout_seconds: 4000 });
  await vi.waitFor(() => expect(idle.getAttribute('aria-invalid')).toBe('true'));
  expect(screen.getAllByText(/it must be at most 3600/).length).toBeGreaterThan(0);

  await userEvent.click(stream);
  await userEvent.clear(idle);
  expect(await save()).toEqual(config);
});

test('fallback models are added, moved, removed and saved in their order', async () => {
  const large = { model: 'large', extra_body: { seed: 1 } };
  const { save } = await edit({ fallbacks: [large] });
  const press = (name: string) => userEvent.click(screen.getByRole('button', { name }));

  await press('Add fallback model');
  const second = within(screen.getByRole('region', { name: 'Fallback 2' }));
  await userEvent.type(second.getByRole('textbox', { name: /^Model/ }), 'own');
  await press('Move fallback 2 up');
  expect(screen.queryByRole('button', { name: 'Move fallback 1 up' })).toBeNull();
  const own = { model: 'own' };
  expect(await save()).toEqual({ ...config, fallbacks: [own, large] });

  await press('Move fallback 1 down');
  await press('Remove fallback 2');
  expect(await save()).toEqual({ ...config, fallbacks: [large] });
  await press('Remove fallback 1');
  expect(await save()).toEqual(config);
});

test('prices of the model and of a fallback are set and removed, with faults at their fields', async () => {
  const { save, prices } = await edit({ fallbacks: [{ model: 'own' }] });
  const model = within(screen.getByRole('region', { name: 'Prices of the model' }));
  const currency = model.getByLabelText<HTMLInputElement>('Currency');
  expect(currency.value).toBe('EUR');

  await userEvent.clear(currency);
  await userEvent.type(currency, 'us');
  await userEvent.type(model.getByLabelText('Cache writes'), '2.5');
  await userEvent.click(screen.getByRole('button', { name: 'Set prices of Fallback 1' }));
  const fallback = within(screen.getByRole('region', { name: 'Prices of Fallback 1' }));
  await userEvent.type(fallback.getByLabelText('Output'), '7');
  const own = { model: 'own', prices: { output_per_million: 7 } };
  expect(await save()).toEqual({ ...config, fallbacks: [own] });
  expect(prices()).toEqual({ currency: 'US', input_per_million: 2, cache_write_per_million: 2.5 });
  await vi.waitFor(() => expect(currency.getAttribute('aria-invalid')).toBe('true'));
  expect(fallback.getByLabelText('Output').getAttribute('aria-invalid')).toBe('true');

  for (const field of [currency, model.getByLabelText('Input'), model.getByLabelText('Cache writes')])
    await userEvent.clear(field);
  await userEvent.clear(fallback.getByLabelText('Output'));
  expect(await save()).toEqual({ ...config, fallbacks: [{ model: 'own' }] });
  expect(prices()).toBeNull();
});

test('the API of OpenAI is chosen, and goes with its provider', async () => {
  const { save } = await edit({});
  const choose = async (field: RegExp, option: string) => {
    await userEvent.click(screen.getByRole('combobox', { name: field }));
    await userEvent.click(await screen.findByRole('option', { name: option }));
  };

  await choose(/^API$/, 'Responses');
  expect(await save()).toEqual({ ...config, api: 'responses' });

  await choose(/^Provider$/, 'gemini');
  expect(screen.queryByRole('combobox', { name: /^API$/ })).toBeNull();
  expect(await save()).toEqual({ ...config, provider: 'gemini' });
});
