import { catalogue } from '@/lib/catalogue';

export const texts = catalogue('flow-retry', {
  once: 'one attempt, no retries',
  sentence: (attempts: number, waits: string, total: string) =>
    `up to ${attempts} attempts; backoffs ${waits}; fails after about ${total}`,
} as const);
