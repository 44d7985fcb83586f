/** Fields for a JSON Schema. Objects and alternatives contain fields themselves, so they share this file. */
import { SegmentedControl } from '@mantine/core';
import { useId } from 'react';
import { Warnings } from '@/components/warnings';
import { isNumber, isRecord } from '@/lib/json';
import { own } from '@/lib/own';
import { EntriesField } from './entries-field';
import { ExpressionInput } from './expression-input';
import type { FieldProps } from './field';
import classes from './form.module.css';
import { Frame } from './frame';
import { JsonField } from './json-field';
import { PairsField } from './pairs-field';
import { type FieldKind, fieldKind, fitsType, type Schema } from './schema';
import { ChoiceField, TagsField, TextField } from './text-fields';
import { texts } from './texts';
import { NumberField, SwitchField } from './value-field';

/** The field for one key of a schema, by its type. */
export function SchemaField(props: FieldProps) {
  const kind = kindFor(props);
  const Field = FIELDS[kind];
  const id = useId();
  const warnings = props.warningsAt(props.path, HAVE_FIELDS.includes(kind) ? 'exact' : 'inside');
  const group = warnings.length > 0 && { role: 'group', 'aria-label': props.title, 'aria-describedby': id };
  return (
    // Always there: a field that moves in the tree when a warning comes loses its focus and what is being typed.
    <div {...group} className={classes.frame}>
      <Field {...props} />
      <Warnings messages={warnings} id={id} />
    </div>
  );
}

/** The kinds of fields that consist of fields, which show their warnings themselves. */
const HAVE_FIELDS: readonly FieldKind[] = ['group', 'variants', 'entries'];

/** A value that the field cannot hold, such as a number in a text field, is edited as JSON. */
function kindFor({ schema, value, templated }: FieldProps): FieldKind {
  const kind = fieldKind(schema);
  if (value === undefined || value === null) return kind;
  if (kind === 'choice' && templated && !schema.enum?.includes(value)) return 'text';
  if ((kind === 'text' || kind === 'choice') && typeof value !== 'string') return 'json';
  if (kind === 'number' && typeof value !== 'string') return isDecimal(value, schema.type) ? kind : 'json';
  if (kind === 'group' || kind === 'pairs') return isRecord(value) ? kind : 'json';
  return (kind === 'tags' || kind === 'entries') && !Array.isArray(value) ? 'json' : kind;
}

/** Whether a number field shows the whole value: it cannot show exponents, nor a fraction where it wants none. */
function isDecimal(value: unknown, type: Schema['type']): boolean {
  return isNumber(value) && (type === 'integer' ? /^-?\d+$/ : /^-?\d+(\.\d+)?$/).test(String(value));
}

const FIELDS: Record<FieldKind, (props: FieldProps) => React.ReactNode> = {
  choice: ChoiceField,
  switch: SwitchField,
  number: NumberField,
  text: TextField,
  group: Group,
  pairs: PairsField,
  tags: TagsField,
  variants: Variants,
  entries: (props) => <EntriesField {...props} entry={Fields} />,
  json: JsonField,
};

/** The fields of an object. Keys that are not in its schema are kept. */
function Group({ title, schema, value, onChange, ...rest }: FieldProps) {
  return (
    <div role="group" aria-label={title} className={classes.frame}>
      <span className={classes.label}>{title}</span>
      <div className={classes.group}>
        <Fields schema={schema} value={value} onChange={onChange} {...rest} />
      </div>
    </div>
  );
}

/** The fields of an object without a frame. */
function Fields({ schema, value, onChange, path, placeholder: _, ...rest }: Omit<FieldProps, 'title'>) {
  const object = isRecord(value) ? value : {};
  const set = (key: string, next: unknown) => {
    const { [key]: _old, ...others } = object;
    onChange(next === undefined ? others : { ...object, [key]: next });
  };
  return (
    <div className={classes.fields}>
      {Object.entries(schema.properties ?? {}).map(([key, property]) => (
        <SchemaField
          {...rest}
          key={key}
          title={property.title ?? key}
          schema={property}
          value={own(object, key)}
          onChange={(next) => set(key, next)}
          path={[...path, key]}
          required={schema.required?.includes(key)}
        />
      ))}
    </div>
  );
}

/** A value of one of several kinds, such as an expression or a comparison. */
function Variants(props: FieldProps) {
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
