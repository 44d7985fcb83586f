import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef } from 'react';
import { type ApprovalDecision, approvalsKey, decideApproval } from '@/api/approvals';
import { toProblem } from '@/api/problem';

export type Said = Omit<ApprovalDecision, 'arguments_hash'>;

/** Told what became of it: that it is decided, or (not `isMine`) that it no longer waits. */
export type OnSettled = (outcome: string, isMine: boolean) => void;

/** Sends a decision to where it is taken. */
export type Decide = (decision: ApprovalDecision) => Promise<void>;

interface DecisionOptions {
  id: string;
  /** Where it is sent to, if that is not the approval of this id. */
  decide?: Decide | undefined;
  /** The hash of what is shown. */
  hash: string;
  /** Names a decision that was made. */
  outcomeOf: (said: Said) => string;
  onSettled?: OnSettled | undefined;
}

/** Returns whether a problem says that something can no longer be decided on. */
export function isGone(error: unknown): boolean {
  const { status } = toProblem(error);
  return status === 404 || status === 409 || status === 410;
}

/** Sends a person's decision on what is shown, once, and has fetched again what it changes. */
export function useDecision({ id, decide = (said) => decideApproval(id, said), ...options }: DecisionOptions) {
  const { hash, outcomeOf, onSettled } = options;
  const queries = useQueryClient();
  const isSent = useRef(false);
  const sending = useMutation({
    mutationFn: (said: Said) => decide({ ...said, arguments_hash: hash }),
    onSuccess: (_, said) => onSettled?.(outcomeOf(said), true),
    onError: (error) => {
      isSent.current = false;
      // Somebody else has decided, or the execution has ended.
      if (isGone(error)) onSettled?.(toProblem(error).detail, false);
    },
    onSettled: async () => {
      await Promise.all([
        queries.invalidateQueries({ queryKey: approvalsKey }),
        queries.invalidateQueries({ queryKey: ['executions'] }),
      ]);
    },
  });
  // Keys can come faster than a render that disables the form.
  const send = (said: Said) => {
    if (isSent.current) return;
    isSent.current = true;
    sending.mutate(said);
  };
  return { send, error: sending.error, isClosed: sending.isPending || sending.isSuccess };
}

/** Returns a comment as it is sent: none where nothing is written. */
export function commentOf(text: string): Pick<Said, 'comment'> {
  const comment = text.trim();
  return comment ? { comment } : {};
}
