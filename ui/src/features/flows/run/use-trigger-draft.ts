import { useMemo, useState } from 'react';
import type { Json } from '@/api/types';
import { type FormField, type FormValues, faultOf, initialValues, objectOf } from '@/components/schema-form/fields';
import { jsonText } from '@/lib/json';
import { own } from '@/lib/own';
import {
  draftsOf,
  type FieldDraft,
  isObject,
  type Reading,
  readFields,
  readJson,
  type TriggerField,
  type TriggerInput,
  triggerFields,
} from './trigger-fields';

export type TriggerMode = 'form' | 'json';

interface Draft {
  mode: TriggerMode;
  fields: Record<string, FieldDraft>;
  /** Trigger data that no field covers. */
  rest: { readonly [key: string]: Json };
  /** What was filled in, where the trigger has a form. */
  values: FormValues;
  text: string;
}

/**
 * Trigger data being edited, as a form or as JSON; each converts to the other. It starts with `first`.
 *
 * `form` are the fields of the trigger's own form; without one, the form has the fields that the flow reads.
 */
export function useTriggerDraft(input: TriggerInput | undefined, form: readonly FormField[] | null, first: Json) {
  const fields = useMemo(() => triggerFields(input), [input]);
  const [draft, setDraft] = useState<Draft>(() => filled(fields, form, first, 'form'));
  const reading: Reading =
    draft.mode === 'json'
      ? readJson(draft.text)
      : form
        ? readForm(form, draft.values)
        : readFields(fields, draft.fields, draft.rest);

  const fill = (data: Json, wish = draft.mode) => setDraft(filled(fields, form, data, wish));

  return {
    fields,
    form,
    draft,
    reading,
    fill,
    setField: (key: string, field: FieldDraft) =>
      setDraft((before) => ({ ...before, fields: { ...before.fields, [key]: field } })),
    setValues: (values: FormValues) => setDraft((before) => ({ ...before, values })),
    setText: (text: string) => setDraft((before) => ({ ...before, text })),
    setMode: (mode: TriggerMode) => {
      if ('value' in reading) fill(reading.value, mode);
    },
  };
}

function filled(
  fields: readonly TriggerField[],
  form: readonly FormField[] | null,
  data: Json,
  wish: TriggerMode,
): Draft {
  // Only an object can be edited as a form.
  const mode = isObject(data) ? wish : 'json';
  const rest = isObject(data) ? data : {};
  return { mode, fields: draftsOf(fields, data), rest, values: valuesOf(form ?? [], rest), text: jsonText(data) };
}

/** Returns what a form begins with: the data that it has fields for, or else their defaults. */
function valuesOf(form: readonly FormField[], data: { readonly [key: string]: Json }): FormValues {
  const values = new Map(initialValues(form));
  for (const { name } of form) {
    const value = own(data, name);
    if (value !== undefined) values.set(name, value);
  }
  return values;
}

function readForm(form: readonly FormField[], values: FormValues): Reading {
  for (const field of form) {
    const fault = faultOf(field, values.get(field.name));
    if (fault !== null) return { fault, key: field.name };
  }
  return { value: objectOf(form, values) };
}

export type TriggerDraft = ReturnType<typeof useTriggerDraft>;
