import { catalogue } from '@/lib/catalogue';

/** The texts of the page behind a link to join with. */
export const texts = catalogue('join', {
  title: 'Join',
  firstAdmin: 'You become the first admin of this server.',
  asRole: (roles: string) => `You are invited as ${roles}.`,
  inFolder: (role: string, folder: string) => `${role} in ${folder}`,
  newPassword: (email: string) => `Choose a new password for ${email}.`,
  name: 'Your name',
  email: 'E-mail address',
  password: 'Password',
  passwordHint: 'At least 10 characters. Several words in a row are easy to remember.',
  withProvider: (provider: string) => `Continue with ${provider}`,
  noWay: 'Nobody can join with this link now. Ask the person who sent it.',
  submit: 'Create account',
  submitPassword: 'Set password',
  wrong: 'This link is not valid',
});
