import { Button } from '@mantine/core';
import { useState } from 'react';
import { previewOf } from '@/api/preview';
import { useMay } from '@/api/use-may';
import { isRecord, jsonText, parseJsonOr } from '@/lib/json';
import { texts as common } from '@/lib/texts';
import { formatMoment, millis } from '@/lib/time';
import classes from './approval-form.module.css';
import { CommentField } from './comment-field';
import { JsonEditor } from './json-editor';
import { ProblemCard } from './problem-card';
import { ReasonedButton } from './reasoned-button';
import { commentOf, type Decide, type OnSettled, type Said, useDecision } from './use-decision';

const texts = common.approval;

interface ApprovalFormProps {
  id: string;
  /** What the model wants to give the tool: whole, or a preview. */
  value: unknown;
  hash: string;
  expiresAt: string | null;
  /** Names it among other forms. */
  label?: string;
  onSettled?: OnSettled;
  /** Where a decision is sent to, if that is not the approval of this id. */
  decide?: Decide;
}

/** What a person can decide on a call that waits: approve it, edit its arguments and approve it, or reject it. */
export function ApprovalForm({ id, value, hash, expiresAt, label, onSettled, decide: sendTo }: ApprovalFormProps) {
  const [comment, setComment] = useState('');
  const [edited, setEdited] = useState<string | null>(null);
  const outcomeOf = (said: Said) => (said.arguments ? texts.approvedEdited : texts[said.decision]);
  const decide = useDecision({ id, hash, outcomeOf, onSettled, decide: sendTo });
  const send = (said: Said) => decide.send({ ...said, ...commentOf(comment) });
  // A link is for one person, who may decide.
  const { why } = useMay(sendTo ? null : 'decide');
  const expires = millis(expiresAt);
  return (
    <fieldset className={classes.form} aria-label={label ?? texts.title} disabled={decide.isClosed}>
      <p className={classes.note} data-tone="attention" role="status">
        <strong>{texts.title}</strong> {expires !== null && texts.expires(formatMoment(expires))}
      </p>
      {edited !== null && (
        <JsonEditor
          value={edited}
          onChange={setEdited}
          label={texts.edited}
          isInvalid={recordIn(edited) === null}
          autoFocus
        />
      )}
      <CommentField label={texts.comment} value={comment} onChange={setComment} />
      {decide.error && <ProblemCard problem={decide.error} />}
      <div className={classes.choices}>
        {edited === null ? (
          <AsItIs value={value} why={why} onApprove={() => send({ decision: 'approved' })} onEdit={setEdited} />
        ) : (
          <Edited text={edited} onApprove={send} onCancel={() => setEdited(null)} />
        )}
        <ReasonedButton
          data-act="reject"
          size="xs"
          variant="default"
          reason={why}
          onClick={() => send({ decision: 'rejected' })}
        >
          {texts.reject}
        </ReasonedButton>
      </div>
    </fieldset>
  );
}

function recordIn(text: string) {
  const value = parseJsonOr(text);
  return isRecord(value) ? value : null;
}

interface AsItIsProps {
  value: unknown;
  /** Why nothing can be decided; `null` if it can. */
  why: string | null;
  onApprove: () => void;
  onEdit: (text: string) => void;
}

function AsItIs({ value, why, onApprove, onEdit }: AsItIsProps) {
  return (
    <>
      <ReasonedButton data-act="approve" size="xs" reason={why} onClick={onApprove}>
        {texts.approve}
      </ReasonedButton>
      <ReasonedButton
        data-act="edit"
        size="xs"
        variant="default"
        reason={why ?? (previewOf(value) ? texts.tooLong : null)}
        onClick={() => onEdit(jsonText(value))}
      >
        {texts.edit}
      </ReasonedButton>
    </>
  );
}

interface EditedProps {
  text: string;
  onApprove: (said: Said) => void;
  onCancel: () => void;
}

function Edited({ text, onApprove, onCancel }: EditedProps) {
  const given = recordIn(text);
  return (
    <>
      <ReasonedButton
        data-act="approve"
        size="xs"
        reason={given ? null : texts.invalid}
        onClick={() => given && onApprove({ decision: 'approved', arguments: given })}
      >
        {texts.approveEdited}
      </ReasonedButton>
      <Button size="xs" variant="default" onClick={onCancel}>
        {texts.cancelEdit}
      </Button>
    </>
  );
}
