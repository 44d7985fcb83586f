import { Modal } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import classes from './dialogs.module.css';
import { ImportForm } from './import-form';
import { texts } from './texts';

interface ImportModalProps {
  opened: boolean;
  onClose: () => void;
}

/** Imports a flow from a file or from text. */
export function ImportModal({ opened, onClose }: ImportModalProps) {
  const narrow = useMediaQuery('(max-width: 720px)') ?? false;
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      size={680}
      fullScreen={narrow}
      title={<span className={classes.title}>{texts.importing.title}</span>}
      closeButtonProps={{ 'aria-label': texts.importing.close }}
    >
      <ImportForm onClose={onClose} />
    </Modal>
  );
}
