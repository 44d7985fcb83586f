import { Modal } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useState } from 'react';
import type { Flow } from '@/api/types';
import classes from './settings.module.css';
import { SettingsForm } from './settings-form';
import { texts } from './texts';

interface SettingsModalProps {
  flow: Flow;
  opened: boolean;
  onClose: () => void;
  onSaved?: (flow: Flow) => void;
}

/** The settings of one flow. Closing asks first if there are unsaved changes. */
export function SettingsModal({ flow, opened, onClose, onSaved }: SettingsModalProps) {
  const narrow = useMediaQuery('(max-width: 860px)') ?? false;
  const [isDirty, setDirty] = useState(false);
  const [isAsking, setAsking] = useState(false);
  const leave = () => {
    setDirty(false);
    setAsking(false);
    onClose();
  };
  const ask = () => (isDirty ? setAsking(true) : leave());
  return (
    <Modal
      opened={opened}
      onClose={ask}
      size={960}
      fullScreen={narrow}
      title={<Title name={flow.name} />}
      closeButtonProps={{ 'aria-label': texts.close }}
      classNames={{ body: classes.body, content: classes.content, header: classes.header }}
    >
      <SettingsForm
        flow={flow}
        isAsking={isAsking}
        onDirty={setDirty}
        onStay={() => setAsking(false)}
        onCancel={ask}
        onLeave={leave}
        onSaved={(saved) => {
          leave();
          onSaved?.(saved);
        }}
      />
    </Modal>
  );
}

function Title({ name }: { name: string }) {
  return (
    <span className={classes.title}>
      {texts.title} <span className={classes.subject}>{name}</span>
    </span>
  );
}
