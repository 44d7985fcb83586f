import { afterEach, expect, it } from 'vitest';
import { catalogue, type Translation, translateWith } from './catalogue';

const english = {
  title: 'Failures',
  found: (groups: number) => `${groups} groups`,
  states: { open: 'Open', muted: 'Muted' },
  steps: ['Create', 'Retry'],
} as const;

const german = {
  found: (groups) => `${groups} Gruppen`,
  states: { open: 'Offen' },
  steps: ['Anlegen', 'Wiederholen'],
} satisfies Translation<typeof english>;

afterEach(() => translateWith({}));

it('is English without a translation', () => {
  expect(catalogue('failures', english)).toEqual(english);
});

it('lays the language over the English texts, which stay where one is missing', () => {
  translateWith({ failures: german });
  const texts = catalogue('failures', english);
  expect([texts.title, texts.found(2), texts.states, texts.steps]).toEqual([
    'Failures',
    '2 Gruppen',
    { open: 'Offen', muted: 'Muted' },
    ['Anlegen', 'Wiederholen'],
  ]);
});

it('translates a catalogue that was there before', () => {
  const texts = catalogue('failures', english);
  translateWith({ failures: german });
  expect([texts.title, texts.states.open]).toEqual(['Failures', 'Offen']);
});

it('leaves catalogues alone that are not translated', () => {
  translateWith({ failures: german });
  expect(catalogue('alerts', { title: 'Alerts' })).toEqual({ title: 'Alerts' });
});

it('knows the names and arguments of the English texts', () => {
  const wrongName = { titel: 'Fehler' };
  // @ts-expect-error There is no such text.
  wrongName satisfies Translation<typeof english>;
  // @ts-expect-error It is called with a number.
  ({ found: (groups: string) => groups }) satisfies Translation<typeof english>;
});
