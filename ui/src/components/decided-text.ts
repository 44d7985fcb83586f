import type { Approval } from '@/api/approvals';
import { visible } from '@/lib/json-text';
import { texts as common } from '@/lib/texts';
import { formatMoment, millis } from '@/lib/time';

type Decided = NonNullable<Approval['decided']>;

/** Reads as `Rejected by eva, 24 Nov 2026, 14:05:09 CET: Too much`. */
export function decidedText(decided: Decided): string {
  const { decision, is_edited: isEdited, comment } = decided;
  const what = isEdited ? common.approval.approvedEdited : common.approval[decision];
  const who = whoOf(decided.by);
  const when = formatMoment(millis(decided.at) ?? 0);
  return `${who ? common.approval.decidedBy(what, who) : what}, ${when}${comment ? `: ${visible(comment)}` : ''}`;
}

/** Names who decided; nothing for the end of the time. */
function whoOf({ type, id }: Decided['by']): string {
  if (type === 'system') return '';
  if (type === 'link') return id === null ? common.approval.aLink : common.approval.link(visible(id));
  return visible(id ?? type);
}
