/** Returns a new `Idempotency-Key`: one per intent of a person, kept while a dialog is open. */
export function idempotencyKey(): string {
  // `randomUUID` exists only in secure contexts; a studio behind plain HTTP needs keys, too.
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
