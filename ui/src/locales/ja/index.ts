import type { Texts } from '@/lib/catalogue';

/** The Japanese texts, by the names of their catalogues. */
export default {} satisfies Record<string, Texts>;
