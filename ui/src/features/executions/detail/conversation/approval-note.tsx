import type { ConversationApproval, ConversationStep } from '@/api/types';
import { ApprovalForm } from '@/components/approval-form';
import classes from '@/components/conversation/conversation.module.css';
import { ShownValue } from '@/components/conversation/shown-value';
import { texts as common } from '@/lib/texts';
import { formatClock, millis } from '@/lib/time';

const texts = common.approval;

interface ApprovalNoteProps {
  step: ConversationStep;
  approval: ConversationApproval;
  fileName: string;
}

/** A call that needs or needed approval: what a person can decide, or what was decided. */
export function ApprovalNote({ step, approval, fileName }: ApprovalNoteProps) {
  const { decided, proposed } = approval;
  if (!decided) {
    if (step.status !== 'waiting') return null;
    const { id, arguments_hash: hash, expires_at: expiresAt } = approval;
    return <ApprovalForm id={id} value={step.arguments} hash={hash} expiresAt={expiresAt} />;
  }
  const said = decided.is_edited ? texts.approvedEdited : texts[decided.decision];
  return (
    <div className={classes.note} data-tone={decided.decision === 'approved' ? 'info' : 'warning'}>
      <strong>{said}</strong> {formatClock(millis(decided.at) ?? 0)}
      {decided.comment && <span className={classes.aside}>{decided.comment}</span>}
      {proposed !== null && proposed !== undefined && (
        <div className={classes.field}>
          <span className={classes.fieldName}>{texts.proposed}</span>
          <ShownValue value={proposed} fileName={fileName} />
        </div>
      )}
    </div>
  );
}
