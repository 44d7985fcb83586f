import { NativeSelect, TextInput } from '@mantine/core';
import classes from './run.module.css';
import { texts } from './texts';
import type { FieldDraft, FieldKind, TriggerField } from './trigger-fields';

const KINDS = (Object.keys(texts.kinds) as FieldKind[]).map((value) => ({ value, label: texts.kinds[value] }));
const BOOLEANS = [{ value: '', label: texts.notSent }, 'true', 'false'];

interface TriggerFieldInputProps {
  field: TriggerField;
  draft: FieldDraft;
  fault: string | undefined;
  /** Whether it has the focus when the dialog opens. */
  isFirst: boolean;
  onChange: (draft: FieldDraft) => void;
}

/** One field of the trigger data, with the kind of its value. */
export function TriggerFieldInput({ field, draft, fault, isFirst, onChange }: TriggerFieldInputProps) {
  const shared = {
    label: <span className={classes.key}>{field.key}</span>,
    description: field.usedBy.length > 0 ? texts.usedBy(field.usedBy) : texts.usedElsewhere,
    inputWrapperOrder: ['label' as const, 'input' as const, 'error' as const, 'description' as const],
    value: draft.text,
    error: fault,
    className: classes.grow ?? '',
    'data-autofocus': isFirst || undefined,
  };
  return (
    <div className={classes.field}>
      {draft.kind === 'boolean' ? (
        <NativeSelect
          {...shared}
          data={BOOLEANS}
          onChange={(event) => onChange({ ...draft, text: event.target.value })}
        />
      ) : (
        <TextInput
          {...shared}
          onChange={(event) => onChange({ ...draft, text: event.target.value })}
          inputMode={draft.kind === 'number' ? 'decimal' : 'text'}
          spellCheck={false}
        />
      )}
      <NativeSelect
        className={classes.kind}
        data={KINDS}
        value={draft.kind}
        onChange={(event) => onChange({ ...draft, kind: event.target.value as FieldKind })}
        aria-label={texts.kind(field.key)}
      />
    </div>
  );
}
