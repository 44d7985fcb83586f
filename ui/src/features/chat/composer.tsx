import { Button, Textarea } from '@mantine/core';
import { IconArrowUp, IconPlayerStopFilled } from '@tabler/icons-react';
import { type KeyboardEvent, useState } from 'react';
import { ReasonedButton } from '@/components/reasoned-button';
import classes from './chat.module.css';
import { texts } from './texts';

interface ComposerProps {
  /** Why nothing can be sent; `null` if something can. */
  closed: string | null;
  onSend: (message: string) => void;
  /** Stops the answer that is being written, if one is. */
  onStop: (() => void) | null;
}

/** Where a message is written. Enter sends it. */
export function Composer({ closed, onSend, onStop }: ComposerProps) {
  const [message, setMessage] = useState('');
  const isEmpty = message.trim() === '';
  const send = () => {
    if (isEmpty || closed !== null) return;
    onSend(message.trim());
    setMessage('');
  };
  const press = (event: KeyboardEvent) => {
    // Enter that ends the composition of a character sends nothing.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <div className={classes.composer}>
      <Textarea
        className={classes.field}
        aria-label={texts.message}
        placeholder={closed ?? texts.placeholder}
        readOnly={closed !== null}
        autosize
        minRows={1}
        maxRows={8}
        size="md"
        value={message}
        onChange={(event) => setMessage(event.currentTarget.value)}
        onKeyDown={press}
      />
      {onStop && (
        <Button
          size="md"
          variant="default"
          leftSection={<IconPlayerStopFilled size={14} aria-hidden />}
          onClick={onStop}
        >
          {texts.stop}
        </Button>
      )}
      <ReasonedButton
        size="md"
        reason={closed ?? (isEmpty ? texts.writeFirst : null)}
        hint={texts.hint}
        leftSection={<IconArrowUp size={16} aria-hidden />}
        onClick={send}
      >
        {texts.send}
      </ReasonedButton>
    </div>
  );
}
