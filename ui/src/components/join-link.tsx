import { Button, TextInput } from '@mantine/core';
import { useEffect, useRef } from 'react';
import type { LinkToJoin } from '@/api/members';
import { texts as common } from '@/lib/texts';
import { CopyButton } from './copy-button';
import table from './record-table.module.css';

/** A link to join with, which is shown this once. */
export function JoinLink({ link, onDone }: { link: LinkToJoin; onDone: () => void }) {
  const texts = common.joinLink;
  const field = useRef<HTMLInputElement>(null);
  // What had the focus is gone.
  useEffect(() => field.current?.select(), []);
  return (
    <div className={table.form}>
      <p className={table.text}>{texts.detail}</p>
      <TextInput
        ref={field}
        label={texts.label}
        value={link.url}
        readOnly
        onFocus={(event) => event.currentTarget.select()}
        rightSection={<CopyButton value={link.url} label={texts.copy} />}
      />
      <div className={table.buttons}>
        <Button onClick={onDone}>{texts.done}</Button>
      </div>
    </div>
  );
}
