import { catalogue } from '@/lib/catalogue';
import type { Doubt } from '../document/reads';

const listed = (fields: readonly string[]) =>
  `${fields
    .slice(0, 8)
    .map((field) => `\`${field}\``)
    .join(', ')}${fields.length > 8 ? ', …' : ''}`;
const REMEDY = 'Use `| default(…)` or `is defined`.';

export const texts = catalogue('editor-bench', {
  doubt: {
    skipped: ({ read }: Doubt) =>
      `\`${read.node}\` may be skipped before this runs, so \`${read.text}\` may be missing. ${REMEDY}`,
    absent: ({ read, field, there }: Doubt, isPinned: boolean) =>
      `\`${read.text}\`: ${isPinned ? 'the pinned value' : 'the schema'} has no field \`${field}\`; it has ${there.length > 0 ? listed(there) : 'none'}.`,
    optional: ({ read, field }: Doubt) => `\`${read.text}\`: \`${field}\` may be missing. ${REMEDY}`,
  },
  waitsForPerson: 'A person decides here, so a test cannot. Pin an output: what they would decide.',
  waitsForEvent: 'This node waits for an event, so a test cannot. Pin an output: the event.',
  startsChildren:
    'This node starts executions of its own, so it is tested by a run of the flow. Pin an output to go on.',
  inBody: 'A node of a body reads what the node around it gives, so it is tested by a run of the flow.',
  notJson: (name: string) => `The pinned value of “${name}” is not valid JSON. Fix it first.`,
  busy: 'Another test is under way.',
} as const);
