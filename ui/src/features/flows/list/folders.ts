/** Folders of flows: a folder is there as long as a flow is in it. */
import type { Flow } from '@/api/types';

/** A folder directly in another one. */
export interface Subfolder {
  path: string;
  name: string;
  /** How many flows are in it and below it, without archived ones. */
  flows: number;
}

/** Whether a flow is in a folder or below it; every flow is below the top. */
export function isWithin(flow: Flow, folder: string | undefined): boolean {
  return folder === undefined || `${flow.folder ?? ''}/`.startsWith(`${folder}/`);
}

/** The folders directly in a folder, by their names. */
export function subfoldersOf(flows: readonly Flow[], folder: string | undefined): Subfolder[] {
  const counts = new Map<string, number>();
  const depth = folder === undefined ? 0 : folder.split('/').length;
  for (const flow of flows) {
    const names = flow.folder?.split('/') ?? [];
    if (flow.status === 'archived' || names.length <= depth || !isWithin(flow, folder)) continue;
    const path = names.slice(0, depth + 1).join('/');
    counts.set(path, (counts.get(path) ?? 0) + 1);
  }
  const found = [...counts].map(([path, flows]) => ({ path, name: path.split('/')[depth] ?? path, flows }));
  return found.sort((a, b) => a.name.localeCompare(b.name));
}

/** All folders with those above them, for suggestions. */
export function foldersOf(flows: readonly Flow[]): string[] {
  const paths = flows.flatMap(({ folder }) => (folder ? parentsOf(folder) : []));
  return [...new Set(paths)].sort((a, b) => a.localeCompare(b));
}

/** A folder and those above it, the topmost first. */
export function parentsOf(folder: string): string[] {
  return folder.split('/').map((_, at, names) => names.slice(0, at + 1).join('/'));
}
