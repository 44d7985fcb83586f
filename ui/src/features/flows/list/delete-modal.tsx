import { Button, Modal, TextInput, Tooltip } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { deleteFlow, flowQuery, setFlowStatus } from '@/api/flows';
import type { Flow } from '@/api/types';
import { ProblemCard } from '@/components/problem-card';
import { RowsSkeleton } from '@/components/skeletons';
import classes from './dialogs.module.css';
import { texts } from './texts';

interface DeleteModalProps {
  flow: Flow;
  opened: boolean;
  onClose: () => void;
}

/** Shows what will be deleted with the flow before it is deleted. */
export function DeleteModal({ flow, opened, onClose }: DeleteModalProps) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      size={480}
      title={<span className={classes.title}>{texts.remove.title}</span>}
      closeButtonProps={{ 'aria-label': texts.remove.close }}
    >
      <DeleteForm flow={flow} onClose={onClose} />
    </Modal>
  );
}

function DeleteForm({ flow, onClose }: { flow: Flow; onClose: () => void }) {
  const queries = useQueryClient();
  const [typed, setTyped] = useState('');
  const current = useQuery({ ...flowQuery(flow.id), staleTime: 0 });
  const done = (message?: string) => {
    if (message) notifications.show({ message, color: 'green' });
    onClose();
    // The flow itself is not fetched again: it may be deleted.
    return queries.invalidateQueries({
      predicate: ({ queryKey }) => queryKey[0] !== 'flows' || queryKey[1] !== flow.id,
    });
  };
  const remove = useMutation({
    mutationFn: () => deleteFlow(flow.id),
    onSuccess: () => done(texts.remove.done(flow.name)),
  });
  const archive = useMutation({
    mutationFn: () => setFlowStatus(flow.id, 'archived'),
    onSuccess: () => done(texts.statusChanged(flow.name, 'archived')),
  });
  const counts = current.data?.execution_counts;
  // A flow that has never run needs no typed confirmation.
  const isTypingAsked = (counts?.total ?? 0) > 0;
  const isReady = current.isSuccess && (!isTypingAsked || typed.trim() === flow.name.trim());
  const problem = remove.error ?? archive.error;

  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady && !remove.isPending) remove.mutate();
      }}
    >
      {current.isPending && <RowsSkeleton rows={3} height={24} />}
      {current.isError && <ProblemCard problem={current.error} onRetry={() => void current.refetch()} />}
      {counts && (
        <div>
          <p className={classes.lead}>{texts.remove.what}</p>
          <ul className={classes.points}>
            <li>{texts.remove.flow}</li>
            <li>{counts.total > 0 ? texts.remove.executions(counts.total) : texts.remove.noExecutions}</li>
          </ul>
          {counts.unfinished > 0 && (
            <p className={classes.warning} data-tone="warning">
              {texts.remove.unfinished(counts.unfinished)}
            </p>
          )}
          <p className={classes.lead}>
            {texts.remove.final} {flow.status !== 'archived' && isTypingAsked && texts.remove.instead}
          </p>
        </div>
      )}
      {isTypingAsked && (
        <TextInput
          label={texts.remove.confirm(flow.name)}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          autoComplete="off"
          spellCheck={false}
          data-autofocus
        />
      )}
      {problem && <ProblemCard problem={problem} />}
      <div className={classes.actions}>
        {flow.status !== 'archived' && isTypingAsked && (
          <Button
            variant="subtle"
            color="gray"
            size="sm"
            className={classes.aside}
            loading={archive.isPending}
            onClick={() => archive.mutate()}
          >
            {texts.remove.archive}
          </Button>
        )}
        <Button variant="default" size="sm" onClick={onClose}>
          {texts.remove.cancel}
        </Button>
        <Tooltip label={texts.remove.mistyped} disabled={isReady}>
          <Button
            type="submit"
            color="red"
            size="sm"
            loading={remove.isPending}
            data-disabled={!isReady || undefined}
            aria-disabled={!isReady}
          >
            {texts.remove.submit}
          </Button>
        </Tooltip>
      </div>
    </form>
  );
}
