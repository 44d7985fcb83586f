import { SegmentedControl } from '@mantine/core';
import { ExpressionInput } from './expression-input';
import type { FieldProps } from './field';
import { Frame } from './frame';
import { Fields } from './group';
import { fitsType, type Schema } from './schema';
import { SchemaField } from './schema-field';
import { texts } from './texts';

/** A value of one of several kinds, such as an expression or a comparison. */
export function Variants(props: FieldProps) {
  const { title, schema, value, onChange, path, faultAt, required } = props;
  const variants = schema.anyOf ?? [];
  const chosen = variants.find((variant) => value !== undefined && fitsType(variant, value)) ?? variants[0];
  if (!chosen) return null;
  const change = (name: string) => {
    const variant = variants.find((candidate) => candidate.title === name);
    if (variant && variant !== chosen) onChange(emptyOf(variant));
  };
  return (
    <Frame title={title} description={schema.description} fault={faultAt(path)} required={required}>
      <SegmentedControl
        size="xs"
        aria-label={texts.kind(title)}
        data={variants.map((variant) => variant.title ?? '')}
        value={chosen.title ?? ''}
        onChange={change}
      />
      <Chosen {...props} schema={chosen} />
    </Frame>
  );
}

function Chosen(props: FieldProps) {
  const { schema, value, onChange, names } = props;
  if (schema.type === 'string') {
    return (
      <ExpressionInput
        ariaLabel={schema.title}
        value={typeof value === 'string' ? value : ''}
        placeholder={String(schema.examples?.[0] ?? '')}
        names={names}
        isBare
        onChange={onChange}
      />
    );
  }
  if (schema.type === 'object') return <Fields {...props} />;
  return <SchemaField {...props} />;
}

function emptyOf(schema: Schema): unknown {
  if (schema.type === 'string') return '';
  if (schema.type !== 'object') return schema.default;
  return Object.fromEntries(
    Object.entries(schema.properties ?? {}).flatMap(([key, { default: start }]) =>
      start === undefined ? [] : [[key, start]],
    ),
  );
}
