/** What is asked about a tenant. */
export type Question = 'quota' | 'disable' | 'delete';
