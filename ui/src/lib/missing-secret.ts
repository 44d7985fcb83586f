/** Returns the name of the secret that a warning of the server says is missing; `null` if it is about something else. */
export function missingSecretIn(message: string): string | null {
  const found = /there is no secret `(\w+)`|uses the secret `(\w+)`, which does not exist/.exec(message);
  return found?.[1] ?? found?.[2] ?? null;
}
