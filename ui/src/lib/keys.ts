/** Returns a fresh `Idempotency-Key`: one per intent of a person, kept while a dialog is open. */
export function idempotencyKey(): string {
  // `randomUUID` exists in secure contexts alone; a studio behind plain HTTP still needs keys.
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
