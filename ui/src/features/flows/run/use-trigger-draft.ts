import { useMemo, useState } from 'react';
import type { Flow, Json } from '@/api/types';
import { jsonText } from '@/lib/json';
import {
  draftsOf,
  type FieldDraft,
  isObject,
  type Reading,
  readFields,
  readJson,
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

/** Trigger data being edited, as a form or as JSON; each converts to the other. */
export function useTriggerDraft(flow: Flow) {
  const fields = useMemo(() => triggerFields(flow), [flow]);
  const [draft, setDraft] = useState<Draft>(() => ({
    mode: 'form',
    fields: draftsOf(fields, {}),
    rest: {},
    text: '{}',
  }));
  const reading: Reading = draft.mode === 'json' ? readJson(draft.text) : readFields(fields, draft.fields, draft.rest);

  const fill = (data: Json, wish = draft.mode) => {
    // Only an object can be edited as a form.
    const mode = isObject(data) ? wish : 'json';
    const text = jsonText(data);
    setDraft({ mode, fields: draftsOf(fields, data), rest: isObject(data) ? data : {}, text });
  };

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

export type TriggerDraft = ReturnType<typeof useTriggerDraft>;
