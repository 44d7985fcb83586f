import type { Texts } from '@/lib/catalogue';

/** The German texts, by the names of their catalogues. */
export default {} satisfies Record<string, Texts>;
