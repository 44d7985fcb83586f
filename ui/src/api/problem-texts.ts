import { catalogue } from '@/lib/catalogue';

/** Errors that the studio itself finds. What the server says is English. */
export const texts = catalogue('problem', {
  unreachable: {
    title: 'The server cannot be reached',
    detail: 'Check that Steadflow is running. The studio keeps trying.',
  },
  unreadable: {
    title: 'The response cannot be read',
    detail: 'It is not JSON. Check any proxy between this page and Steadflow.',
  },
  inStudio: 'Something went wrong in the studio',
  status: (status: number) => `The server responded with status ${status}`,
  fault: 'is not valid',
} as const);
