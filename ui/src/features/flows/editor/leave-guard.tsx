import { Button, Group, Modal, Text } from '@mantine/core';
import { useBlocker } from '@tanstack/react-router';
import { useMay } from '@/api/use-may';
import { ReasonedButton } from '@/components/reasoned-button';
import { useDraft, useDraftStore } from './document/draft-context';
import { useKeeper } from './keeping/keeper-context';
import { whyNotSavable } from './reasons';
import { texts } from './texts';

interface LeaveGuardProps {
  isSaving: boolean;
  onSave: () => Promise<unknown>;
}

/** Asks before changes are lost that nothing keeps: JSON with a fault, and what neither the server nor this browser has. */
export function LeaveGuard({ isSaving, onSave }: LeaveGuardProps) {
  const store = useDraftStore();
  const reason = useDraft((state) => whyNotSavable(state, isSaving));
  const { may } = useMay('edit_flows');
  const keeper = useKeeper();
  // Who cannot save loses nothing.
  const isAtRisk = () => store.getState().jsonFault !== null || keeper?.keeping.getState().at === 'nowhere';
  const dirtyNow = () => may && isAtRisk();
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
