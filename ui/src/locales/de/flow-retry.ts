import type { Translation } from '@/lib/catalogue';

export default {
  once: 'ein Versuch, keine Wiederholungen',
  sentence: (attempts, waits, total) =>
    `bis zu ${attempts} Versuche; Wartezeiten ${waits}; schlägt nach etwa ${total} fehl`,
} satisfies Translation<typeof import('@/features/flows/settings/retry-texts').texts>;
