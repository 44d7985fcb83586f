import { counted } from '@/lib/counted';

export const texts = {
  title: 'Versions',
  close: 'Close versions',
  damaged: (version: number, reason: string) =>
    `Version ${version} cannot be read: ${reason}. It cannot be restored, and its executions cannot be shown.`,
  firstNodes: (nodes: number) => `First version, with ${counted(nodes, 'node')}`,
  same: 'No changes',
  summary: {
    settings: (number: number) => counted(number, 'setting'),
    added: (number: number) => `${counted(number, 'node')} added`,
    removed: (number: number) => `${counted(number, 'node')} removed`,
    changed: (number: number) => `${counted(number, 'node')} changed`,
    edges: (number: number) => `${counted(number, 'edge')} changed`,
    moved: (number: number) => `${counted(number, 'node')} moved`,
  },
  sections: { settings: 'Settings', nodes: 'Nodes', edges: 'Edges' },
  movedOnly: (number: number) => `${counted(number, 'node was', 'nodes were')} moved on the canvas.`,
  restoreDetail: (version: number) =>
    `Becomes the newest version. Version ${version} stays in this list; running executions are not affected.`,
  labels: {
    name: 'Name',
    description: 'Description',
    category: 'Category',
    tags: 'Tags',
    is_template: 'Template',
    retry_on_failure: 'Retry on Failure',
    retry_count: 'Retry Count',
    timeout_seconds: 'Timeout Seconds',
    max_concurrent_executions: 'Max concurrent executions',
    budget: 'Budget',
    context_id_template: 'Reference ID template',
    context_type_default: 'Default reference type',
  } as Record<string, string>,
} as const;
