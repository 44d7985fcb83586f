import { Button, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type ApprovalDecision, approvalsKey, decideApproval } from '@/api/approvals';
import { previewOf } from '@/api/preview';
import { toProblem } from '@/api/problem';
import { isRecord, jsonText, parseJsonOr } from '@/lib/json';
import { texts as common } from '@/lib/texts';
import { formatMoment, millis } from '@/lib/time';
import classes from './approval-form.module.css';
import { JsonEditor } from './json-editor';
import { ProblemCard } from './problem-card';
import { ReasonedButton } from './reasoned-button';

const texts = common.approval;

type Said = Pick<ApprovalDecision, 'decision' | 'arguments'>;

interface ApprovalFormProps {
  id: string;
  /** What the model wants to give the tool: whole, or a preview. */
  value: unknown;
  hash: string;
  expiresAt: string | null;
  /** Names it among other forms. */
  label?: string;
  /** Told what became of it: that it is decided, or that it can no longer be. */
  onSettled?: (outcome: string) => void;
}

/** What a person can decide on a call that waits: approve it, edit its arguments and approve it, or reject it. */
export function ApprovalForm({ id, value, hash, expiresAt, label, onSettled }: ApprovalFormProps) {
  const [comment, setComment] = useState('');
  const [edited, setEdited] = useState<string | null>(null);
  const queries = useQueryClient();
  const decide = useMutation({
    mutationFn: (said: Said) =>
      decideApproval(id, { ...said, arguments_hash: hash, ...(comment.trim() && { comment: comment.trim() }) }),
    onSuccess: (_, said) => onSettled?.(said.arguments ? texts.approvedEdited : texts[said.decision]),
    onError: (error) => {
      const { status, detail } = toProblem(error);
      // Somebody else has decided, or the execution has ended: then it is no longer listed.
      if (status === 404 || status === 409) onSettled?.(detail);
    },
    onSettled: async () => {
      await Promise.all([
        queries.invalidateQueries({ queryKey: approvalsKey }),
        queries.invalidateQueries({ queryKey: ['executions'] }),
      ]);
    },
  });
  const expires = millis(expiresAt);
  return (
    <fieldset className={classes.form} aria-label={label ?? texts.title} disabled={decide.isPending}>
      <p className={classes.note} data-tone="attention" role="status">
        <strong>{texts.title}</strong> {expires !== null && texts.expires(formatMoment(expires))}
      </p>
      {edited !== null && (
        <JsonEditor value={edited} onChange={setEdited} label={texts.edited} isInvalid={recordIn(edited) === null} />
      )}
      <TextInput
        size="xs"
        placeholder={texts.comment}
        aria-label={texts.comment}
        value={comment}
        onChange={(event) => setComment(event.target.value)}
        maxLength={2_000}
      />
      {decide.isError && <ProblemCard problem={decide.error} />}
      <div className={classes.choices}>
        {edited === null ? (
          <AsItIs value={value} onApprove={() => decide.mutate({ decision: 'approved' })} onEdit={setEdited} />
        ) : (
          <Edited text={edited} onApprove={decide.mutate} onCancel={() => setEdited(null)} />
        )}
        <Button size="xs" variant="default" onClick={() => decide.mutate({ decision: 'rejected' })}>
          {texts.reject}
        </Button>
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
  onApprove: () => void;
  onEdit: (text: string) => void;
}

function AsItIs({ value, onApprove, onEdit }: AsItIsProps) {
  return (
    <>
      <Button size="xs" onClick={onApprove}>
        {texts.approve}
      </Button>
      <ReasonedButton
        size="xs"
        variant="default"
        reason={previewOf(value) ? texts.tooLong : null}
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
