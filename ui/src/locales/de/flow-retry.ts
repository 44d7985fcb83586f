import type { texts as english } from '@/features/flows/settings/retry-texts';
import type { Translation } from '@/lib/catalogue';

const texts: Translation<typeof english> = {
  once: 'ein Versuch, keine Wiederholungen',
  sentence: (attempts, waits, total) =>
    `bis zu ${attempts} Versuche; Wartezeiten ${waits}; schlägt nach etwa ${total} fehl`,
};

export default texts;
