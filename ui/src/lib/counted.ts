import { formatNumber } from './locale';

/** Writes a count with its noun: `1 node`, `1,204 nodes`, `2 retries`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${formatNumber(count)} ${count === 1 ? one : many}`;
}
