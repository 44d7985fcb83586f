import { Anchor, Checkbox, Textarea } from '@mantine/core';
import { useState } from 'react';
import { Warnings } from '@/components/warnings';
import classes from './secrets.module.css';
import { texts } from './texts';

const { form: words } = texts;

interface ValueFieldProps {
  value: string;
  error: string | undefined;
  isFirst: boolean;
  onChange: (value: string) => void;
}

/** Where a value is entered, which is masked unless the person wants to see it. */
export function ValueField({ value, error, isFirst, onChange }: ValueFieldProps) {
  const [isShown, setShown] = useState(false);
  return (
    <>
      <Textarea
        label={words.value}
        description={words.valueHint}
        value={value}
        error={error}
        classNames={{ input: isShown ? classes.shown : classes.masked }}
        onChange={(event) => onChange(event.currentTarget.value)}
        autoComplete="off"
        spellCheck={false}
        autosize
        minRows={1}
        maxRows={6}
        required
        data-autofocus={isFirst || undefined}
      />
      <Checkbox
        size="xs"
        label={words.show}
        checked={isShown}
        onChange={(event) => setShown(event.currentTarget.checked)}
      />
      {value !== value.trim() && (
        <div className={classes.blanks}>
          <Warnings messages={[words.blanks]} />
          <Anchor component="button" type="button" size="xs" onClick={() => onChange(value.trim())}>
            {words.trim}
          </Anchor>
        </div>
      )}
    </>
  );
}
