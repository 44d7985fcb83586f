import type { Texts } from '@/lib/catalogue';
import type { Locale } from '@/lib/locale';

/** Loads the translations of a language, which are a file of their own. */
export const loadTranslations = {
  de: async () => (await import('./de')).default,
  ja: async () => (await import('./ja')).default,
} satisfies Record<Exclude<Locale, 'en'>, () => Promise<Record<string, Texts>>>;
