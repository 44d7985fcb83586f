/** The executions that were started in this browser, so that it can say when one has failed. */

const KEY = 'steadflow.started';
const KEPT = 100;

export function startedHere(): string[] {
  const text = localStorage.getItem(KEY);
  return text ? text.split(' ') : [];
}

export function rememberStarted(id: string): void {
  localStorage.setItem(KEY, [...startedHere().filter((known) => known !== id), id].slice(-KEPT).join(' '));
}

export function forgetStarted(ids: readonly string[]): void {
  const left = startedHere().filter((id) => !ids.includes(id));
  if (left.length > 0) localStorage.setItem(KEY, left.join(' '));
  else localStorage.removeItem(KEY);
}
