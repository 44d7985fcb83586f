import '@/lib/csp';
import '@/styles/mantine.css';
import '@mantine/notifications/styles.css';
import '@/styles/fonts.css';
import '@/styles/tones.css';
import '@/styles/base.css';
import { translateWith } from '@/lib/catalogue';
import { setLocale, wantedLocale } from '@/lib/locale';
import { loadTranslations } from '@/locales/load';

/** Texts become constants when their modules are imported: what translates them comes first. */
async function translate() {
  try {
    const locale = wantedLocale();
    if (locale === 'en') return;
    // What the language imports may make formats of it.
    setLocale(locale);
    translateWith(await loadTranslations[locale]());
  } catch {
    // Without storage or without the file of the language, the studio starts in English.
    setLocale('en');
  }
}

// With `await` here, the build would no longer join small files.
void translate().then(() => import('@/app/start'));
