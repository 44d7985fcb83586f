import type { Translation } from '@/lib/catalogue';

export default {
  title: 'Anmelden',
  wait: 'Sie werden angemeldet…',
  failed: 'Sie wurden nicht angemeldet',
  again: 'Zurück zur Anmeldung',
} satisfies Translation<typeof import('@/features/sign-in/texts').texts>;
