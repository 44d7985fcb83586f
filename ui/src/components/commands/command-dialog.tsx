import { Modal } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { type Command, fitting } from './command';
import { CommandSearch } from './command-search';
import classes from './commands.module.css';
import { useFocusBefore } from './use-focus-before';

interface CommandDialogProps {
  label: string;
  nothing: string;
  commands: readonly Command[];
  onClose: () => void;
}

/** A dialog in which one of many commands is chosen by typing. */
export function CommandDialog({ label, nothing, commands, onClose }: CommandDialogProps) {
  const [query, setQuery] = useState('');
  return (
    <CommandFrame label={label} onClose={onClose}>
      {(finish) => (
        <CommandSearch
          commands={fitting(commands, query)}
          query={query}
          onQuery={setQuery}
          label={label}
          nothing={nothing}
          onRun={finish}
        />
      )}
    </CommandFrame>
  );
}

interface CommandFrameProps {
  label: string;
  onClose: () => void;
  /** `finish` closes the dialog and runs a command. */
  children: (finish: (command: Command) => void) => ReactNode;
}

/** The dialog around a search for commands. */
export function CommandFrame({ label, onClose, children }: CommandFrameProps) {
  // The focus returns before a command runs, which may move it.
  const focusBefore = useFocusBefore();
  const close = () => {
    onClose();
    focusBefore();
  };
  const finish = (command: Command) => {
    close();
    command.run();
  };
  return (
    <Modal
      opened
      onClose={close}
      withCloseButton={false}
      centered={false}
      yOffset="12dvh"
      size={580}
      padding={0}
      returnFocus={false}
      transitionProps={{ duration: 0 }}
      attributes={{ content: { 'aria-label': label } }}
    >
      <div className={classes.frame}>{children(finish)}</div>
    </Modal>
  );
}
