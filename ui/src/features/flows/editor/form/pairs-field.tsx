import { ActionIcon, Button, TextInput } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import { writeJson } from '@/lib/json';
import { ExpressionInput } from './expression-input';
import type { FieldProps } from './field';
import classes from './form.module.css';
import { Frame } from './frame';
import { JsonField } from './json-field';
import { texts } from './texts';

interface Pair {
  row: number;
  key: string;
  value: string;
}

/** Keys with text values, such as headers. Other values are edited as JSON. */
export function PairsField(props: FieldProps) {
  const object = (props.value ?? {}) as Record<string, unknown>;
  return Object.values(object).every((value) => typeof value === 'string') ? (
    <Pairs {...props} value={object as Record<string, string>} />
  ) : (
    <JsonField {...props} />
  );
}

function Pairs({ title, schema, value, onChange, path, faultAt, required, names }: FieldProps<Record<string, string>>) {
  const [draft, setDraft] = useState(() => ({ of: value, pairs: pairsOf(value) }));
  // Rows without a key are not part of the value, so the rows have state of their own until the value changes elsewhere.
  if (draft.of !== value && !isSame(toObject(draft.pairs), value)) setDraft({ of: value, pairs: pairsOf(value) });

  const change = (pairs: Pair[]) => {
    const next = toObject(pairs);
    setDraft({ of: next, pairs });
    onChange(Object.keys(next).length > 0 ? next : undefined);
  };
  const edit = (row: number, changes: Partial<Pair>) =>
    change(draft.pairs.map((pair) => (pair.row === row ? { ...pair, ...changes } : pair)));
  const add = () => {
    const row = Math.max(-1, ...draft.pairs.map((pair) => pair.row)) + 1;
    setDraft({ ...draft, pairs: [...draft.pairs, { row, key: '', value: '' }] });
  };

  return (
    <Frame title={title} description={schema.description} fault={faultAt(path)} required={required}>
      {draft.pairs.map((pair) => (
        <div key={pair.row} className={classes.row}>
          <TextInput
            size="xs"
            aria-label={texts.key}
            placeholder={texts.key}
            value={pair.key}
            onChange={(event) => edit(pair.row, { key: event.currentTarget.value })}
          />
          <ExpressionInput
            ariaLabel={texts.value}
            placeholder={texts.value}
            value={pair.value}
            names={names}
            onChange={(text) => edit(pair.row, { value: text })}
          />
          <ActionIcon
            aria-label={texts.removePair(pair.key)}
            onClick={() => change(draft.pairs.filter((other) => other.row !== pair.row))}
          >
            <IconX size={14} aria-hidden />
          </ActionIcon>
        </div>
      ))}
      <div>
        <Button variant="subtle" size="compact-xs" leftSection={<IconPlus size={13} aria-hidden />} onClick={add}>
          {texts.addPair}
        </Button>
      </div>
    </Frame>
  );
}

function pairsOf(value: Record<string, string>): Pair[] {
  return Object.entries(value).map(([key, text], row) => ({ row, key, value: text }));
}

function toObject(pairs: readonly Pair[]): Record<string, string> {
  return Object.fromEntries(pairs.filter(({ key }) => key !== '').map(({ key, value }) => [key, value]));
}

function isSame(left: Record<string, string>, right: Record<string, string>): boolean {
  return writeJson(left) === writeJson(right);
}
