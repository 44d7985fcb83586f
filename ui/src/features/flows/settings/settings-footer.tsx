import { Button, Tooltip } from '@mantine/core';
import classes from './settings.module.css';
import { texts } from './texts';

interface SettingsFooterProps {
  isAsking: boolean;
  isSaving: boolean;
  isDirty: boolean;
  onStay: () => void;
  onCancel: () => void;
  onLeave: () => void;
}

/** Saving and cancelling; asks before changes are lost. */
export function SettingsFooter({ isAsking, isSaving, isDirty, onStay, onCancel, onLeave }: SettingsFooterProps) {
  if (isAsking) {
    return (
      <footer className={classes.footer} role="alert">
        <span className={classes.question}>{texts.discard.question}</span>
        <Button variant="default" size="sm" color="red" onClick={onLeave}>
          {texts.discard.leave}
        </Button>
        <Button size="sm" onClick={onStay} data-autofocus>
          {texts.discard.stay}
        </Button>
      </footer>
    );
  }
  return (
    <footer className={classes.footer}>
      <Button variant="default" size="sm" onClick={onCancel}>
        {texts.cancel}
      </Button>
      <Tooltip label={texts.unchanged} disabled={isDirty}>
        <Button
          type="submit"
          size="sm"
          loading={isSaving}
          data-disabled={!isDirty || undefined}
          aria-disabled={!isDirty}
          onClick={(event) => {
            if (!isDirty) event.preventDefault();
          }}
        >
          {texts.save}
        </Button>
      </Tooltip>
    </footer>
  );
}
