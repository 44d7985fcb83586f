/** Texts of the differences between two versions of a flow. */
import { catalogue } from '@/lib/catalogue';
import { counted } from '@/lib/counted';

export const texts = catalogue('flow-diff', {
  sections: { settings: 'Settings', nodes: 'Nodes', edges: 'Edges' },
  movedOnly: (number: number) => `${counted(number, 'node was', 'nodes were')} moved on the canvas.`,
  items: (number: number) => `${counted(number, 'note or group differs', 'notes or groups differ')} on the canvas.`,
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
    concurrency_key: 'Concurrency key',
    max_concurrent_per_key: 'Max concurrent per key',
    priority: 'Priority',
    debounce_seconds: 'Debounce seconds',
    max_delay_seconds: 'Max delay seconds',
    budget: 'Budget',
    context_id_template: 'Reference ID template',
    context_type_default: 'Default reference type',
    sensitive: 'Sensitive data',
  } as Record<string, string>,
} as const);
