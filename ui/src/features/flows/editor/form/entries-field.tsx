import { ActionIcon, Button } from '@mantine/core';
import { IconArrowUp, IconPlus, IconX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { FieldProps } from './field';
import classes from './form.module.css';
import { Frame } from './frame';
import { texts } from './texts';

interface EntriesFieldProps extends FieldProps {
  /** Draws the fields of one entry. */
  entry: (props: FieldProps) => ReactNode;
}

/** A list of objects, whose order matters. */
export function EntriesField({ entry: Entry, ...props }: EntriesFieldProps) {
  const { title, schema, value, onChange, path, faultAt, required } = props;
  const entries: readonly unknown[] = Array.isArray(value) ? value : [];
  const one = schema.items ?? {};
  const set = (at: number, next: unknown) => onChange(entries.map((entry, index) => (index === at ? next : entry)));
  const raise = (at: number) => onChange(entries.toSpliced(at - 1, 2, entries[at], entries[at - 1]));
  return (
    <Frame title={title} description={schema.description} fault={faultAt(path)} required={required}>
      {entries.map((entry, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: an entry has no identity but its place.
        <div key={at} className={classes.entry} role="group" aria-label={texts.entry(title, at + 1)}>
          <Entry
            {...props}
            title={texts.entry(title, at + 1)}
            schema={one}
            value={entry}
            onChange={(next) => set(at, next)}
            path={[...path, String(at)]}
          />
          <div className={classes.entryActions}>
            {at > 0 && (
              <ActionIcon size="sm" aria-label={texts.raiseEntry(at + 1)} onClick={() => raise(at)}>
                <IconArrowUp size={14} aria-hidden />
              </ActionIcon>
            )}
            <ActionIcon
              size="sm"
              aria-label={texts.removeEntry(at + 1)}
              onClick={() => onChange(entries.filter((_, index) => index !== at))}
            >
              <IconX size={14} aria-hidden />
            </ActionIcon>
          </div>
        </div>
      ))}
      <div>
        <Button
          variant="subtle"
          size="compact-xs"
          leftSection={<IconPlus size={13} aria-hidden />}
          onClick={() => onChange([...entries, {}])}
        >
          {texts.addPair}
        </Button>
      </div>
    </Frame>
  );
}
