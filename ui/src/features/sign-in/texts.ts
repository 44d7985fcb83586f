import { catalogue } from '@/lib/catalogue';

/** The texts of the page that a provider sends people back to. */
export const texts = catalogue('sign-in', {
  title: 'Sign in',
  wait: 'You are being signed in…',
  failed: 'You were not signed in',
  again: 'Back to sign-in',
});
