import { Button } from '@mantine/core';
import classes from './agents.module.css';
import { texts } from './texts';

interface ConflictNoteProps {
  onLoad: () => void;
  onKeep: () => void;
}

/** Shown when the agent was changed elsewhere: what happened, and the two choices. */
export function ConflictNote({ onLoad, onKeep }: ConflictNoteProps) {
  return (
    <div className={classes.conflict} data-tone="warning" role="alert">
      <p>
        <strong>{texts.form.conflict.title}</strong> {texts.form.conflict.detail}
      </p>
      <Button size="compact-sm" variant="default" onClick={onLoad}>
        {texts.form.conflict.load}
      </Button>
      <Button size="compact-sm" onClick={onKeep}>
        {texts.form.conflict.keep}
      </Button>
    </div>
  );
}
