import { Button } from '@mantine/core';
import { useMay } from '@/api/use-may';
import { ReasonedButton } from '@/components/reasoned-button';
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
  const { why } = useMay('edit_flows');
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
  const reason = why ?? (isDirty ? null : texts.unchanged);
  return (
    <footer className={classes.footer}>
      <Button variant="default" size="sm" onClick={onCancel}>
        {texts.cancel}
      </Button>
      <ReasonedButton type="submit" size="sm" loading={isSaving} reason={reason}>
        {texts.save}
      </ReasonedButton>
    </footer>
  );
}
