import { Button, TextInput } from '@mantine/core';
import { useEffect, useRef } from 'react';
import type { LinkToJoin } from '@/api/members';
import { CopyButton } from '@/components/copy-button';
import classes from './members.module.css';
import { texts } from './texts';

/** A link to join with, which is shown this once. */
export function LinkBox({ link, onDone }: { link: LinkToJoin; onDone: () => void }) {
  const field = useRef<HTMLInputElement>(null);
  // What had the focus is gone.
  useEffect(() => field.current?.select(), []);
  return (
    <div className={classes.form}>
      <p className={classes.text}>{texts.link.detail}</p>
      <TextInput
        ref={field}
        label={texts.link.label}
        value={link.url}
        readOnly
        onFocus={(event) => event.currentTarget.select()}
        rightSection={<CopyButton value={link.url} label={texts.link.copy} />}
      />
      <div className={classes.buttons}>
        <Button onClick={onDone}>{texts.link.done}</Button>
      </div>
    </div>
  );
}
