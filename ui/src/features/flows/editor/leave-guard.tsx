import { Button, Group, Modal, Text } from '@mantine/core';
import { useBlocker } from '@tanstack/react-router';
import { useMay } from '@/api/use-may';
import { ReasonedButton } from '@/components/reasoned-button';
import { useDraft, useDraftStore } from './document/draft-context';
import { isDirty } from './document/draft-store';
import { whyNotSavable } from './reasons';
import { texts } from './texts';

interface LeaveGuardProps {
  isSaving: boolean;
  onSave: () => Promise<unknown>;
}

/** Asks before unsaved changes are lost; on closing the tab the browser asks. */
export function LeaveGuard({ isSaving, onSave }: LeaveGuardProps) {
  const store = useDraftStore();
  const reason = useDraft((state) => whyNotSavable(state, isSaving));
  const { may } = useMay('edit_flows');
  // Who cannot save loses nothing.
  const dirtyNow = () => may && (isDirty(store.getState()) || store.getState().jsonFault !== null);
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => current.pathname !== next.pathname && dirtyNow(),
    enableBeforeUnload: dirtyNow,
    withResolver: true,
  });
  const saveAndLeave = () =>
    onSave().then(
      () => blocker.proceed?.(),
      () => blocker.reset?.(),
    );
  return (
    <Modal opened={blocker.status === 'blocked'} onClose={() => blocker.reset?.()} title={texts.leave.title}>
      <Text size="sm">{texts.leave.detail}</Text>
      <Group justify="flex-end" gap="xs" mt="lg">
        <Button variant="subtle" color="gray" onClick={() => blocker.reset?.()}>
          {texts.leave.stay}
        </Button>
        <Button variant="default" onClick={() => blocker.proceed?.()}>
          {texts.leave.discard}
        </Button>
        <ReasonedButton reason={reason} onClick={() => void saveAndLeave()}>
          {texts.leave.save}
        </ReasonedButton>
      </Group>
    </Modal>
  );
}
