import { useState } from 'react';
import { jsonText, parseJsonOr } from '@/lib/json';
import { CodeEditor } from './code-editor';
import type { FieldProps } from './field';
import { Frame } from './frame';
import { texts } from './texts';

const written = (value: unknown) => (value === undefined ? '' : jsonText(value));

/** Any JSON. Applied whenever it is valid; an empty text removes the key. */
export function JsonField({ title, schema, value, onChange, path, faultAt, required, names, templated }: FieldProps) {
  const [shown, setShown] = useState(() => ({ of: value, text: written(value), isBroken: false }));
  if (shown.of !== value && written(shown.of) !== written(value)) {
    setShown({ of: value, text: written(value), isBroken: false });
  }
  const type = (text: string) => {
    const reading = read(text);
    setShown({ of: reading ? reading.value : shown.of, text, isBroken: reading === null });
    if (reading) onChange(reading.value);
  };
  return (
    <Frame
      title={title}
      description={schema.description}
      fault={shown.isBroken ? texts.notJson : faultAt(path)}
      required={required}
    >
      <CodeEditor value={shown.text} onChange={type} label={title} names={templated ? names : undefined} />
    </Frame>
  );
}

function read(text: string): { value: unknown } | null {
  if (text.trim() === '') return { value: undefined };
  const value = parseJsonOr(text);
  return value === undefined ? null : { value };
}
