import { Button, TextInput } from '@mantine/core';
import { useEffect, useRef } from 'react';
import type { NewApiKey } from '@/api/keys';
import { CopyButton } from '@/components/copy-button';
import table from '@/components/record-table.module.css';
import classes from './keys.module.css';
import { texts } from './texts';

/** A key, which is shown this once. */
export function KeyBox({ made, onDone }: { made: NewApiKey; onDone: () => void }) {
  const { key } = made;
  const field = useRef<HTMLInputElement>(null);
  // What had the focus is gone.
  useEffect(() => field.current?.select(), []);
  const command = `curl -H "Authorization: Bearer $STEADFLOW_KEY" ${window.location.origin}/api/v1/studio/flows`;
  return (
    <div className={table.form}>
      <p className={table.text}>
        <strong>{texts.made.title}</strong> {texts.made.detail}
      </p>
      <TextInput
        ref={field}
        label={texts.made.label}
        value={key}
        readOnly
        classNames={{ input: classes.code }}
        onFocus={(event) => event.currentTarget.select()}
        rightSection={<CopyButton value={key} label={texts.made.copy} />}
      />
      <div>
        <p className={classes.label}>{texts.made.use}</p>
        <pre className={classes.command}>{command}</pre>
      </div>
      <div className={table.buttons}>
        <Button onClick={onDone}>{texts.made.done}</Button>
      </div>
    </div>
  );
}
