/** The API key of this browser tab, where the server asks for one. It leaves with the tab. */

const STORED_AS = 'steadflow.api-key';

/** The headers that say who asks; none where no key is set. */
export function authorization(): Record<string, string> {
  const key = sessionStorage.getItem(STORED_AS);
  return key ? { Authorization: `Bearer ${key}` } : {};
}

export function saveApiKey(key: string): void {
  sessionStorage.setItem(STORED_AS, key);
}
