/** What the trigger of a flow says about starts by people. All functions are pure. */
import type { Flow } from '@/api/types';
import { own } from '@/lib/own';

/** Returns the schema of the form of a flow; `null` if it has none. */
export function formOf({ flow_definition: { nodes } }: Flow): unknown {
  const forms = nodes.map((node) => (node.type === 'trigger' ? own(node, 'form') : undefined));
  return forms.find((form) => form !== undefined && form !== null) ?? null;
}
