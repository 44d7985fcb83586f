import { Button, Modal, Textarea } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { texts } from './texts';
import classes from './toolbar.module.css';

interface SaveWithNoteProps {
  opened: boolean;
  onClose: () => void;
  onSave: (note: string | undefined) => void;
}

/** Asks for a note about the version that is saved. */
export function SaveWithNote({ opened, onClose, onSave }: SaveWithNoteProps) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={texts.toolbar.saveWithNote}
      closeButtonProps={{ 'aria-label': texts.toolbar.cancel }}
    >
      {opened && <NoteForm onClose={onClose} onSave={onSave} />}
    </Modal>
  );
}

function NoteForm({ onClose, onSave }: Omit<SaveWithNoteProps, 'opened'>) {
  const [note, setNote] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSave(note.trim() || undefined);
    onClose();
  };
  return (
    <form className={classes.noteForm} onSubmit={submit}>
      <Textarea
        label={texts.toolbar.note}
        description={texts.toolbar.noteHint}
        value={note}
        onChange={(event) => setNote(event.currentTarget.value)}
        maxLength={200}
        autosize
        minRows={2}
        maxRows={6}
        data-autofocus
      />
      <div className={classes.noteButtons}>
        <Button variant="default" onClick={onClose}>
          {texts.toolbar.cancel}
        </Button>
        <Button type="submit">{texts.toolbar.save}</Button>
      </div>
    </form>
  );
}
