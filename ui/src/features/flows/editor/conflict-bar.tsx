import { Button } from '@mantine/core';
import { IconGitMerge } from '@tabler/icons-react';
import { useDraft } from './document/draft-context';
import classes from './editor.module.css';
import { texts } from './texts';

/** Shown when a version was saved elsewhere: what happened, and what each choice does. */
export function ConflictBar() {
  const conflict = useDraft((state) => state.conflict);
  const keepMine = useDraft((state) => state.keepMine);
  const reset = useDraft((state) => state.reset);
  if (!conflict) return null;
  return (
    <div className={classes.conflict} data-tone="warning" role="alert">
      <IconGitMerge size={17} aria-hidden />
      <p>
        <strong>{texts.conflict.title(conflict.version)}</strong> {texts.conflict.detail}
      </p>
      <Button size="compact-sm" variant="default" onClick={() => reset(conflict)}>
        {texts.conflict.load}
      </Button>
      <Button size="compact-sm" onClick={keepMine}>
        {texts.conflict.keep}
      </Button>
    </div>
  );
}
