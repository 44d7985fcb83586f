import { Autocomplete, Button, Modal } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { flowsQuery, patchFlow } from '@/api/flows';
import type { Flow } from '@/api/types';
import { ProblemCard } from '@/components/problem-card';
import classes from './dialogs.module.css';
import { foldersOf } from './folders';
import { texts } from './texts';

interface MoveModalProps {
  flow: Flow;
  opened: boolean;
  onClose: () => void;
}

/** Moves a flow to another folder. */
export function MoveModal({ flow, opened, onClose }: MoveModalProps) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      size={440}
      title={<span className={classes.title}>{texts.move.title(flow.name)}</span>}
      closeButtonProps={{ 'aria-label': texts.move.close }}
    >
      <MoveForm flow={flow} onClose={onClose} />
    </Modal>
  );
}

function MoveForm({ flow, onClose }: { flow: Flow; onClose: () => void }) {
  const queries = useQueryClient();
  const [folder, setFolder] = useState(flow.folder ?? '');
  const flows = useQuery(flowsQuery());
  const move = useMutation({
    // It is moved, whatever was changed in it meanwhile.
    mutationFn: () => patchFlow(flow.id, { folder: folder === '' ? null : folder }, undefined),
    onSuccess: (moved) => {
      notifications.show({ message: texts.move.done(moved.name, moved.folder), color: 'green' });
      onClose();
      return queries.invalidateQueries({ queryKey: ['flows'] });
    },
  });
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        if (!move.isPending) move.mutate();
      }}
    >
      <Autocomplete
        label={texts.move.folder}
        description={texts.move.how}
        placeholder={texts.move.placeholder}
        data={foldersOf(flows.data ?? [])}
        value={folder}
        onChange={setFolder}
        maxLength={304}
        spellCheck={false}
        data-autofocus
      />
      {move.isError && <ProblemCard problem={move.error} />}
      <div className={classes.actions}>
        <Button variant="default" size="sm" onClick={onClose}>
          {texts.move.cancel}
        </Button>
        <Button type="submit" size="sm" loading={move.isPending}>
          {texts.move.submit}
        </Button>
      </div>
    </form>
  );
}
