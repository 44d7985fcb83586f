import { SegmentedControl } from '@mantine/core';
import { useId } from 'react';
import { JsonEditor } from '@/components/json-editor';
import { SchemaForm } from '@/components/schema-form/schema-form';
import { own } from '@/lib/own';
import classes from './run.module.css';
import { texts } from './texts';
import { TriggerFieldInput } from './trigger-field-input';
import type { TriggerDraft, TriggerMode } from './use-trigger-draft';

const MODES = [
  { value: 'form', label: texts.form },
  { value: 'json', label: texts.json },
];

/** The trigger data: a form with the fields that the flow reads, or JSON. */
export function TriggerInput({ trigger, note }: { trigger: TriggerDraft; note: string | null }) {
  const heading = useId();
  const { draft, fields, reading } = trigger;
  const fault = 'fault' in reading ? reading : null;
  return (
    <section className={classes.section} aria-labelledby={heading}>
      <div className={classes.sectionHead}>
        <h2 className={classes.heading} id={heading}>
          {texts.trigger}
        </h2>
        <SegmentedControl
          size="xs"
          data={MODES}
          value={draft.mode}
          onChange={(mode) => trigger.setMode(mode as TriggerMode)}
          aria-label={texts.trigger}
        />
      </div>
      {draft.mode === 'json' ? (
        <div>
          <JsonEditor value={draft.text} onChange={trigger.setText} label={texts.trigger} isInvalid={fault !== null} />
          <p className={classes.fault} role="status">
            {fault && texts.notJson}
          </p>
        </div>
      ) : trigger.form ? (
        <>
          <SchemaForm
            fields={trigger.form}
            values={draft.values}
            onChange={trigger.setValues}
            isChecked={trigger.form.length > 0}
          />
          {trigger.form.length === 0 && <p className={classes.hint}>{texts.noFields}</p>}
        </>
      ) : (
        <>
          {fields.map((field, at) => (
            <TriggerFieldInput
              key={field.key}
              field={field}
              isFirst={at === 0}
              draft={own(draft.fields, field.key) ?? { text: '', kind: field.kind }}
              fault={fault?.key === field.key ? fault.fault : undefined}
              onChange={(next) => trigger.setField(field.key, next)}
            />
          ))}
          <p className={classes.hint}>
            {fields.length === 0 ? texts.noFields : `${note ? `${note} ` : ''}${texts.empty}`}
          </p>
        </>
      )}
    </section>
  );
}
