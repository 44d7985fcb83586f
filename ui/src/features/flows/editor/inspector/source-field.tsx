import { CodeEditor } from '../form/code-editor';
import type { FieldProps } from '../form/field';
import { Frame } from '../form/frame';
import { texts } from './texts';

type SourceFieldProps = Pick<FieldProps, 'schema' | 'faultAt' | 'onChange'> & { source: unknown };

/** JavaScript. What is wrong with it is known when the flow is checked, with its line. */
export function SourceField({ schema, faultAt, onChange, source }: SourceFieldProps) {
  const title = schema.title ?? texts.fields.source;
  return (
    <Frame title={title} description={schema.description} fault={faultAt(['source'])} required>
      <CodeEditor
        label={title}
        language="text"
        value={typeof source === 'string' ? source : ''}
        onChange={(text) => onChange(text === '' ? undefined : text)}
      />
    </Frame>
  );
}
