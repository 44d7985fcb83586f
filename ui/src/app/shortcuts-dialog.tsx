import { Modal } from '@mantine/core';
import { Fragment } from 'react';
import { keysText } from '@/lib/shortcut';
import { texts } from '@/lib/texts';
import classes from './shortcuts-dialog.module.css';

/** All keyboard shortcuts, grouped by where they work. */
export function ShortcutsDialog({ onClose }: { onClose: () => void }) {
  const { title, close, groups } = texts.shortcuts;
  return (
    <Modal opened onClose={onClose} title={title} size={560} closeButtonProps={{ 'aria-label': close }}>
      {groups.map((group) => (
        <section key={group.title} className={classes.group}>
          <h3 className={classes.title}>{group.title}</h3>
          <dl className={classes.keys}>
            {group.keys.map(({ keys, does }) => (
              <Fragment key={does}>
                <dt>
                  {keys.map((shortcut) => (
                    <kbd key={shortcut} className={classes.key}>
                      {keysText(shortcut)}
                    </kbd>
                  ))}
                </dt>
                <dd className={classes.does}>{does}</dd>
              </Fragment>
            ))}
          </dl>
        </section>
      ))}
    </Modal>
  );
}
