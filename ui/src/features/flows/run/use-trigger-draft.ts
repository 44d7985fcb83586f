import { useMemo, useState } from 'react';
import type { Json } from '@/api/types';
import { jsonText } from '@/lib/json';
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
  text: string;
}

/** Trigger data being edited, as a form or as JSON; each converts to the other. It starts with `first`. */
export function useTriggerDraft(input: TriggerInput | undefined, first: Json) {
  const fields = useMemo(() => triggerFields(input), [input]);
  const [draft, setDraft] = useState<Draft>(() => filled(fields, first, 'form'));
  const reading: Reading = draft.mode === 'json' ? readJson(draft.text) : readFields(fields, draft.fields, draft.rest);

  const fill = (data: Json, wish = draft.mode) => setDraft(filled(fields, data, wish));

  return {
    fields,
    draft,
    reading,
    fill,
    setField: (key: string, field: FieldDraft) =>
      setDraft((before) => ({ ...before, fields: { ...before.fields, [key]: field } })),
    setText: (text: string) => setDraft((before) => ({ ...before, text })),
    setMode: (mode: TriggerMode) => {
      if ('value' in reading) fill(reading.value, mode);
    },
  };
}

function filled(fields: readonly TriggerField[], data: Json, wish: TriggerMode): Draft {
  // Only an object can be edited as a form.
  const mode = isObject(data) ? wish : 'json';
  return { mode, fields: draftsOf(fields, data), rest: isObject(data) ? data : {}, text: jsonText(data) };
}

export type TriggerDraft = ReturnType<typeof useTriggerDraft>;
