/** The language of this visit, and how it writes numbers, dates and lists. */

/** The languages of the studio, each in its own name. */
export const LANGUAGES = { en: 'English', de: 'Deutsch', ja: '日本語' } as const;

export type Locale = keyof typeof LANGUAGES;

/** The languages that people can choose: those whose translation is complete, which `locales.test.ts` checks. */
export const OFFERED: readonly Locale[] = ['en', 'de', 'ja'];

const STORED_AS = 'steadflow.locale';

/** The chosen language, else the first of the browser's that is offered, else English. */
export function localeOf(chosen: string | null, preferred: readonly string[], offered = OFFERED): Locale {
  const wanted = [chosen ?? '', ...preferred].map((tag) => tag.toLowerCase().split('-')[0]);
  return wanted.flatMap((language) => offered.find((one) => one === language) ?? [])[0] ?? 'en';
}

/** The language that this visit should have. */
export function wantedLocale(): Locale {
  return localeOf(localStorage.getItem(STORED_AS), navigator.languages);
}

/** Keeps the language for the next visits. */
export function storeLocale(locale: Locale) {
  localStorage.setItem(STORED_AS, locale);
}

let locale: Locale = 'en';
let plainNumber = new Intl.NumberFormat('en');

/** Sets the language of this visit: before any module is imported that has texts or formats. */
export function setLocale(to: Locale) {
  locale = to;
  plainNumber = new Intl.NumberFormat(to);
  document.documentElement.lang = to;
}

export function currentLocale(): Locale {
  return locale;
}

/** A number with separators: `1,204`. */
export function formatNumber(value: number, options?: Intl.NumberFormatOptions): string {
  return (options ? numberFormat(options) : plainNumber).format(value);
}

/** A percentage with at most one decimal: `57%`, `99.9%`. */
export function formatPercent(percent: number): string {
  return formatNumber(percent / 100, { style: 'percent', maximumFractionDigits: 1 });
}

export function numberFormat(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  return new Intl.NumberFormat(locale, options);
}

/** English has the day before the month: `24 Nov 2026`. */
export function dateTimeFormat(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat(locale === 'en' ? 'en-GB' : locale, options);
}

/** Names after each other: `a, b, and c`. */
export function formatList(names: readonly string[]): string {
  return new Intl.ListFormat(locale).format(names);
}
