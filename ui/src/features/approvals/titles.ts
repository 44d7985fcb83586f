/** How an approval is named and what of it is seen at a glance. All functions are pure. */
import type { Approval } from '@/api/approvals';
import { previewOf } from '@/api/preview';
import { entriesOf, isRecord, writeJson } from '@/lib/json';
import { visible } from '@/lib/json-text';
import { own } from '@/lib/own';
import { texts } from './texts';

/** What is decided on: the name of a tool or a node, or the output of a node. */
export function titleOf({ subject, tool, node_name: node }: Pick<Approval, 'subject' | 'tool' | 'node_name'>): string {
  if (subject === 'output') return texts.outputOf(visible(node));
  return visible(tool ?? node);
}

const GLIMPSE_MAX = 160;

/** The beginning of what the person is shown, in one line. */
export function glimpseOf({ arguments: value, subject }: Approval, longest = GLIMPSE_MAX): string {
  const cut = (text: string) => shortened(text, longest);
  const preview = previewOf(value);
  if (preview) return cut(preview.text);
  if (!isRecord(value)) return cut(writeJson(value));
  const message = subject === 'input' ? own(value, 'message') : null;
  if (typeof message === 'string') return cut(message);
  return cut(
    entriesOf(value)
      .map(([name, part]) => `${name}: ${typeof part === 'string' ? part : writeJson(part)}`)
      .join(' · '),
  );
}

function shortened(text: string, longest: number): string {
  const line = visible(text).replace(/\s+/g, ' ');
  return line.length > longest ? `${line.slice(0, longest)}…` : line;
}
