import { describe, expect, it } from 'vitest';
import { catalogues, type Texts } from '@/lib/catalogue';
import { LANGUAGES, type Locale, OFFERED } from '@/lib/locale';
import { loadTranslations } from './load';

// Each module registers its English texts.
await Promise.all(
  Object.values(import.meta.glob(['../**/texts.ts', '../**/*-texts.ts'])).map((importTexts) => importTexts()),
);

type Translated = Exclude<Locale, 'en'>;

/** The names of all texts in a group or a list: `retry.title`, `steps.0`. */
function namesIn(group: object): string[] {
  return Object.entries(group).flatMap(([name, value]) =>
    typeof value === 'object' && value !== null ? namesIn(value).map((inner) => `${name}.${inner}`) : [name],
  );
}

function namesOf(language: Iterable<[string, Texts]>): string[] {
  return [...language].flatMap(([name, texts]) => namesIn(texts).map((inner) => `${name}: ${inner}`));
}

describe.each(Object.keys(LANGUAGES).filter((locale) => locale !== 'en') as Translated[])('%s', async (locale) => {
  const english = namesOf(catalogues());
  const translated = namesOf(Object.entries<Texts>(await loadTranslations[locale]()));

  it('translates only what there is', () => {
    expect(translated.filter((name) => !english.includes(name))).toEqual([]);
  });

  it(OFFERED.includes(locale) ? 'has all texts' : 'lists the texts that are missing until it is offered', () => {
    const missing = english.filter((name) => !translated.includes(name));
    if (OFFERED.includes(locale)) expect(missing).toEqual([]);
    else if (process.env.MISSING_TEXTS === locale) process.stdout.write(`${missing.join('\n')}\n`);
  });
});

it('has a name for each catalogue', () => {
  const files = Object.keys(import.meta.glob(['../**/texts.ts', '../**/*-texts.ts']));
  expect(catalogues().size).toBe(files.length);
});
