import type { Texts } from '@/lib/catalogue';

const files = import.meta.glob<{ default: Texts }>(['./*.ts', '!./index.ts'], { eager: true });

/** The German texts, by the names of their catalogues, which are those of the files. */
export default Object.fromEntries(
  Object.entries(files).map(([path, { default: texts }]) => [path.slice('./'.length, -'.ts'.length), texts]),
);
