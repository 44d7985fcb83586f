import type { Translation } from '@/lib/catalogue';

export default {
  title: 'Beitreten',
  firstAdmin: 'Sie werden der erste Admin dieses Servers.',
  asRole: (roles) => `Sie sind eingeladen als ${roles}.`,
  inFolder: (role, folder) => `${role} in ${folder}`,
  newPassword: (email) => `Wählen Sie ein neues Passwort für ${email}.`,
  name: 'Ihr Name',
  email: 'E-Mail-Adresse',
  password: 'Passwort',
  passwordHint: 'Mindestens 10 Zeichen. Mehrere Wörter hintereinander sind leicht zu merken.',
  withProvider: (provider) => `Weiter mit ${provider}`,
  noWay: 'Mit diesem Link kann gerade niemand beitreten. Fragen Sie, wer ihn gesendet hat.',
  submit: 'Konto erstellen',
  submitPassword: 'Passwort setzen',
  wrong: 'Dieser Link ist nicht gültig',
} satisfies Translation<typeof import('@/features/join/texts').texts>;
