import { catalogue } from '@/lib/catalogue';
import { counted } from '@/lib/counted';

export const texts = catalogue('flow-versions', {
  title: 'Versions',
  close: 'Close versions',
  damaged: (version: number, reason: string) =>
    `Version ${version} cannot be read: ${reason}. It cannot be restored, and its executions cannot be shown.`,
  firstNodes: (nodes: number) => `First version, with ${counted(nodes, 'node')}`,
  same: 'No changes',
  onCanvas: 'Compare on the canvas',
  summary: {
    settings: (number: number) => counted(number, 'setting'),
    added: (number: number) => `${counted(number, 'node')} added`,
    removed: (number: number) => `${counted(number, 'node')} removed`,
    changed: (number: number) => `${counted(number, 'node')} changed`,
    edges: (number: number) => `${counted(number, 'edge')} changed`,
    moved: (number: number) => `${counted(number, 'node')} moved`,
  },
  restoreDetail: (version: number) =>
    `Becomes the newest version. Version ${version} stays in this list; running executions are not affected.`,
} as const);
