import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { ProblemCard } from '@/components/problem-card';
import { texts } from '@/lib/texts';
import { usePauseSwitch } from './use-pause-switch';

const REASON_CHARS_MAX = 200;

/** Asks before everything is paused, and for a reason that everybody sees. */
export function PauseDialog({ onClose }: { onClose: () => void }) {
  const [reason, setReason] = useState('');
  const { pause } = usePauseSwitch();
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    pause.mutate(reason.trim(), { onSuccess: onClose });
  };
  return (
    <Modal
      opened
      onClose={onClose}
      size={480}
      title={<Text fw={620}>{texts.pause.ask}</Text>}
      closeButtonProps={{ 'aria-label': texts.actions.close }}
    >
      <form onSubmit={submit}>
        <Stack gap="md">
          <Text size="sm">{texts.pause.consequence}</Text>
          <TextInput
            data-autofocus
            label={texts.pause.reason}
            description={texts.pause.reasonHint}
            value={reason}
            maxLength={REASON_CHARS_MAX}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          {pause.isError && <ProblemCard problem={pause.error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {texts.actions.cancel}
            </Button>
            <Button type="submit" color="orange" loading={pause.isPending}>
              {texts.pause.start}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
