/** The secrets that there are, and those that are used although there are none. All functions are pure. */
import type { Secret, SecretUses } from '@/api/secrets';

export interface SecretRow {
  name: string;
  /** `null` where there is none. */
  secret: Secret | null;
  uses: readonly SecretUses[];
}

/** Returns one row for each name: first those that are missing, damaged or not connected, then by name. */
export function rowsOf(secrets: readonly Secret[], uses: readonly SecretUses[]): SecretRow[] {
  const byName = new Map<string, SecretRow>(
    secrets.map((secret) => [secret.name, { name: secret.name, secret, uses: usesOf(secret.name, uses) }]),
  );
  for (const name of uses.flatMap((one) => one.secrets)) {
    if (!byName.has(name)) byName.set(name, { name, secret: null, uses: usesOf(name, uses) });
  }
  const rank = (row: SecretRow) => (isBroken(row) ? 0 : 1);
  return [...byName.values()].sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}

function isBroken({ secret }: SecretRow): boolean {
  return secret === null || secret.is_damaged || secret.oauth2?.connection === 'needs_connection';
}

function usesOf(name: string, uses: readonly SecretUses[]): SecretUses[] {
  return uses.filter((one) => one.secrets.includes(name));
}
