import { ActionIcon, Select } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { previewOf, wholeValue } from '@/api/preview';
import type { Execution } from '@/api/types';
import { JsonEditor } from '@/components/json-editor';
import { ProblemCard } from '@/components/problem-card';
import { TextChange } from '@/components/text-change';
import { jsonText, parseJsonOr } from '@/lib/json';
import classes from './fork.module.css';
import { type Edit, type Edits, type Place, valueAt } from './fork-draft';
import { texts } from './fork-texts';

interface ForkDataProps {
  execution: Execution;
  /** Whose data can be changed. */
  places: readonly Place[];
  /** The node from which on the fork runs. */
  own: string;
  nameOf: (id: string) => string;
  edits: Edits;
  onEdits: (edits: Edits) => void;
}

/** The data that the fork begins with: what is changed has an editor, and shows how it differs from before. */
export function ForkData({ execution, places, own, nameOf, edits, onEdits }: ForkDataProps) {
  const change = useMutation({
    mutationFn: async (place: Place) => {
      const value = valueAt(execution, place);
      const preview = previewOf(value);
      return { place, before: preview ? await wholeValue(preview) : value };
    },
    onSuccess: ({ place, before }) => onEdits(new Map(edits).set(place, { before, text: jsonText(before) })),
  });
  const titleOf = (place: Place) => (place === null ? texts.trigger : texts.output(nameOf(place)));
  const rest = places.flatMap((place, at) => {
    if (edits.has(place)) return [];
    return [{ value: String(at), label: place === own ? texts.ownOutput(nameOf(place)) : titleOf(place) }];
  });
  const without = (place: Place) => {
    const fewer = new Map(edits);
    fewer.delete(place);
    onEdits(fewer);
  };
  return (
    <section className={classes.data} aria-label={texts.data}>
      <div className={classes.dataHead}>
        <h3 className={classes.heading}>{texts.data}</h3>
        <Select
          size="xs"
          w={260}
          placeholder={texts.change}
          aria-label={texts.changeLabel}
          data={rest}
          value={null}
          disabled={rest.length === 0 || change.isPending}
          onChange={(at) => at !== null && change.mutate(places[Number(at)] ?? null)}
        />
      </div>
      {change.isError && <ProblemCard problem={change.error} />}
      {edits.size === 0 && <p className={classes.quiet}>{texts.unchanged}</p>}
      {[...edits].map(([place, edit]) => (
        <EditedValue
          // A node may have any ID.
          key={place === null ? 'trigger' : `node ${place}`}
          title={titleOf(place)}
          edit={edit}
          onText={(text) => onEdits(new Map(edits).set(place, { ...edit, text }))}
          onKeep={() => without(place)}
        />
      ))}
    </section>
  );
}

interface EditedValueProps {
  title: string;
  edit: Edit;
  onText: (text: string) => void;
  onKeep: () => void;
}

function EditedValue({ title, edit: { before, text }, onText, onKeep }: EditedValueProps) {
  const value = parseJsonOr(text);
  const [old, now] = [jsonText(before), value === undefined ? null : jsonText(value)];
  return (
    <div className={classes.edit}>
      <div className={classes.editHead}>
        {title}
        <ActionIcon size="sm" onClick={onKeep} aria-label={texts.keep(title)}>
          <IconX size={14} aria-hidden />
        </ActionIcon>
      </div>
      <JsonEditor value={text} onChange={onText} label={title} isInvalid={value === undefined} />
      {now === old && <p className={classes.quiet}>{texts.sameValue}</p>}
      {now !== null && now !== old && (
        <section aria-label={texts.difference(title)}>
          <TextChange before={old} after={now} />
        </section>
      )}
    </div>
  );
}
