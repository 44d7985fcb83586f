import { Modal, Tabs } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import classes from './dialogs.module.css';
import { ImportForm } from './import-form';
import { NewFlowForm } from './new-flow-form';
import { TemplateForm } from './template-form';
import { texts } from './texts';

interface NewFlowModalProps {
  /** Where it is made; the top when absent. */
  folder: string | undefined;
  opened: boolean;
  onClose: () => void;
}

/** Creates a draft and opens it: blank, from a template, or from JSON. */
export function NewFlowModal({ folder, opened, onClose }: NewFlowModalProps) {
  const narrow = useMediaQuery('(max-width: 720px)') ?? false;
  const form = { folder: folder ?? null, onClose };
  const { tabs } = texts.create;
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      size={760}
      fullScreen={narrow}
      title={<span className={classes.title}>{texts.create.title}</span>}
      closeButtonProps={{ 'aria-label': texts.create.close }}
    >
      <Tabs defaultValue="blank" keepMounted={false}>
        <Tabs.List className={classes.tabs}>
          <Tabs.Tab value="blank">{tabs.blank}</Tabs.Tab>
          <Tabs.Tab value="template">{tabs.template}</Tabs.Tab>
          <Tabs.Tab value="json">{tabs.json}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="blank">
          <NewFlowForm {...form} />
        </Tabs.Panel>
        <Tabs.Panel value="template">
          <TemplateForm {...form} />
        </Tabs.Panel>
        <Tabs.Panel value="json">
          <ImportForm {...form} />
        </Tabs.Panel>
      </Tabs>
    </Modal>
  );
}
