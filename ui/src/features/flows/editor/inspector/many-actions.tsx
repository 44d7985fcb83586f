import { Button } from '@mantine/core';
import { IconCopy, IconTrash } from '@tabler/icons-react';
import { useDraft, useDraftStore } from '../document/draft-context';
import classes from './inspector.module.css';
import { texts } from './texts';

/** Actions on the whole selection. */
export function ManyActions() {
  const store = useDraftStore();
  const hasNodes = useDraft((state) => state.selection.nodes.length > 0);
  return (
    <div className={classes.actions}>
      {hasNodes && (
        <Button
          variant="default"
          leftSection={<IconCopy size={14} aria-hidden />}
          onClick={() => store.getState().paste(store.getState().copy())}
        >
          {texts.duplicate}
        </Button>
      )}
      <Button
        variant="subtle"
        color="red"
        leftSection={<IconTrash size={14} aria-hidden />}
        onClick={() => store.getState().deleteSelected()}
      >
        {texts.remove}
      </Button>
    </div>
  );
}
