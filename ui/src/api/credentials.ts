/** The API key, where the server requires one. It is kept until the browser tab is closed. */

const STORED_AS = 'steadflow.api-key';

/** Returns the headers that authenticate a request; none where no key is set. */
export function authorization(): Record<string, string> {
  const key = sessionStorage.getItem(STORED_AS);
  return key ? { Authorization: `Bearer ${key}` } : {};
}

export function saveApiKey(key: string): void {
  sessionStorage.setItem(STORED_AS, key);
}

export function forgetApiKey(): void {
  sessionStorage.removeItem(STORED_AS);
}
