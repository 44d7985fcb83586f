import { NativeSelect, TextInput } from '@mantine/core';
import classes from './run.module.css';
import { texts } from './texts';
import type { FieldDraft, FieldKind, TriggerField } from './trigger-fields';

const KINDS = (Object.keys(texts.kinds) as FieldKind[]).map((value) => ({ value, label: texts.kinds[value] }));

interface TriggerFieldInputProps {
  field: TriggerField;
  draft: FieldDraft;
  fault: string | undefined;
  onChange: (draft: FieldDraft) => void;
}

/** One field of the trigger data, with the kind of its value. */
export function TriggerFieldInput({ field, draft, fault, onChange }: TriggerFieldInputProps) {
  return (
    <TextInput
      label={<span className={classes.key}>{field.key}</span>}
      description={field.usedBy.length > 0 ? texts.usedBy(field.usedBy) : texts.usedForContext}
      inputWrapperOrder={['label', 'input', 'error', 'description']}
      value={draft.text}
      onChange={(event) => onChange({ ...draft, text: event.target.value })}
      error={fault}
      inputMode={draft.kind === 'number' ? 'decimal' : 'text'}
      spellCheck={false}
      rightSectionWidth={92}
      rightSectionPointerEvents="all"
      rightSection={
        <NativeSelect
          variant="unstyled"
          size="xs"
          className={classes.kind}
          rightSectionWidth={22}
          data={KINDS}
          value={draft.kind}
          onChange={(event) => onChange({ ...draft, kind: event.target.value as FieldKind })}
          aria-label={texts.kind(field.key)}
        />
      }
    />
  );
}
