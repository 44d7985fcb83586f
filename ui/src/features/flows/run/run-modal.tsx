import { Modal } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import type { Flow } from '@/api/types';
import classes from './run.module.css';
import { RunForm } from './run-form';
import { texts } from './texts';

interface RunModalProps {
  flow: Flow;
  opened: boolean;
  onClose: () => void;
}

/** Asks for the input of a flow, runs it, and opens the new execution. */
export function RunModal({ flow, opened, onClose }: RunModalProps) {
  const narrow = useMediaQuery('(max-width: 720px)') ?? false;
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      size={560}
      fullScreen={narrow}
      title={
        <span className={classes.title}>
          {texts.title} <span className={classes.subject}>{flow.name}</span>
        </span>
      }
      closeButtonProps={{ 'aria-label': texts.close }}
      classNames={{ body: classes.body, content: classes.content, header: classes.header }}
    >
      <RunForm flow={flow} onClose={onClose} />
    </Modal>
  );
}
