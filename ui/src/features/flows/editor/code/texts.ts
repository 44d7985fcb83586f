import { catalogue } from '@/lib/catalogue';
import type { Language } from './snippets';

export const texts = catalogue('editor-code', {
  title: 'Run from code',
  close: 'Close',
  way: 'Start by',
  api: 'API',
  webhook: 'Webhook',
  language: 'Language',
  languages: { curl: 'curl', python: 'Python', typescript: 'TypeScript' } satisfies Record<Language, string>,
  copy: 'Copy',
  apiNote: 'Waits up to 30 seconds for the end. The same Idempotency-Key starts nothing twice.',
  webhookNote: 'Calls are accepted while the flow is active and its secret is set on the server.',
  stopped: (status: string) => `This flow is ${status}, so the server refuses to start it.`,
} as const);
