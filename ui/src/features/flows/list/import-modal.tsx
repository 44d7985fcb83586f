import { Modal } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import classes from './dialogs.module.css';
import { ImportForm } from './import-form';
import { texts } from './texts';

interface ImportModalProps {
  /** Where it is put; the top when absent. */
  folder: string | undefined;
  opened: boolean;
  onClose: () => void;
}

/** Imports a flow from a file or from text. */
export function ImportModal({ folder, opened, onClose }: ImportModalProps) {
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
      <ImportForm folder={folder ?? null} onClose={onClose} />
    </Modal>
  );
}
