import { Button, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type ApprovalDecision, decideApproval } from '@/api/executions';
import { previewOf } from '@/api/preview';
import type { ConversationApproval, ConversationStep } from '@/api/types';
import { JsonEditor } from '@/components/json-editor';
import { ProblemCard } from '@/components/problem-card';
import { ReasonedButton } from '@/components/reasoned-button';
import { isRecord, jsonText, parseJsonOr } from '@/lib/json';
import { formatClock, millis } from '@/lib/time';
import classes from './conversation.module.css';
import { ShownValue } from './shown-value';
import { texts } from './texts';

interface ApprovalNoteProps {
  step: ConversationStep;
  approval: ConversationApproval;
  fileName: string;
}

/** A call that needs or needed approval: what a person can decide, or what was decided. */
export function ApprovalNote({ step, approval, fileName }: ApprovalNoteProps) {
  const { decided, proposed } = approval;
  if (!decided) return step.status === 'waiting' ? <Question step={step} approval={approval} /> : null;
  const said = decided.is_edited ? texts.approval.approvedEdited : texts.approval[decided.decision];
  return (
    <div className={classes.note} data-tone={decided.decision === 'approved' ? 'info' : 'warning'}>
      <strong>{said}</strong> {formatClock(millis(decided.at) ?? 0)}
      {decided.comment && <span className={classes.aside}>{decided.comment}</span>}
      {proposed !== null && proposed !== undefined && (
        <div className={classes.field}>
          <span className={classes.fieldName}>{texts.approval.proposed}</span>
          <ShownValue value={proposed} fileName={fileName} />
        </div>
      )}
    </div>
  );
}

function Question({ step, approval }: { step: ConversationStep; approval: ConversationApproval }) {
  const [comment, setComment] = useState('');
  const [edited, setEdited] = useState<string | null>(null);
  const queries = useQueryClient();
  const decide = useMutation({
    mutationFn: (decision: Pick<ApprovalDecision, 'decision' | 'arguments'>) =>
      decideApproval(approval.id, {
        ...decision,
        arguments_hash: approval.arguments_hash,
        ...(comment.trim() && { comment: comment.trim() }),
      }),
    onSettled: () => queries.invalidateQueries({ queryKey: ['executions'] }),
  });
  const value = edited === null ? undefined : parseJsonOr(edited);
  const given = isRecord(value) ? value : null;
  const expires = millis(approval.expires_at);
  return (
    <fieldset className={classes.question} aria-label={texts.approval.title} disabled={decide.isPending}>
      <p className={classes.note} data-tone="attention" role="status">
        <strong>{texts.approval.title}</strong> {expires !== null && texts.approval.expires(formatClock(expires))}
      </p>
      {edited !== null && (
        <JsonEditor value={edited} onChange={setEdited} label={texts.approval.edited} isInvalid={given === null} />
      )}
      <TextInput
        size="xs"
        placeholder={texts.approval.comment}
        aria-label={texts.approval.comment}
        value={comment}
        onChange={(event) => setComment(event.target.value)}
        maxLength={2_000}
      />
      {decide.isError && <ProblemCard problem={decide.error} />}
      <div className={classes.choices}>
        {edited === null ? (
          <>
            <Button size="xs" onClick={() => decide.mutate({ decision: 'approved' })}>
              {texts.approval.approve}
            </Button>
            <ReasonedButton
              size="xs"
              variant="default"
              reason={previewOf(step.arguments) ? texts.approval.tooLong : null}
              onClick={() => setEdited(jsonText(step.arguments))}
            >
              {texts.approval.edit}
            </ReasonedButton>
          </>
        ) : (
          <>
            <ReasonedButton
              size="xs"
              reason={given ? null : texts.approval.invalid}
              onClick={() => given && decide.mutate({ decision: 'approved', arguments: given })}
            >
              {texts.approval.approveEdited}
            </ReasonedButton>
            <Button size="xs" variant="default" onClick={() => setEdited(null)}>
              {texts.approval.cancelEdit}
            </Button>
          </>
        )}
        <Button size="xs" variant="default" onClick={() => decide.mutate({ decision: 'rejected' })}>
          {texts.approval.reject}
        </Button>
      </div>
    </fieldset>
  );
}
