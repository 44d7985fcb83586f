import { Autocomplete, Select, TagsInput } from '@mantine/core';
import { ExpressionInput } from './expression-input';
import { type FieldProps, placeholderOf } from './field';
import { Group } from './group';
import { JsonField } from './json-field';
import { PairsField } from './pairs-field';
import { prose } from './prose';
import { type FieldKind, fieldKind } from './schema';
import { NumberField, SwitchField } from './value-field';
import { Variants } from './variants';

/** A field for one key of a schema, in the shape that its type asks for. */
export function SchemaField(props: FieldProps) {
  const Field = FIELDS[kindFor(props)];
  return <Field {...props} />;
}

/** A value that the plain field cannot hold, such as a number where texts are asked for, is edited as JSON. */
function kindFor({ schema, value }: FieldProps): FieldKind {
  const kind = fieldKind(schema);
  if (value === undefined || value === null) return kind;
  if ((kind === 'text' || kind === 'choice') && typeof value !== 'string') return 'json';
  if (kind === 'group' || kind === 'pairs') return typeof value === 'object' && !Array.isArray(value) ? kind : 'json';
  return kind === 'tags' && !Array.isArray(value) ? 'json' : kind;
}

const FIELDS: Record<FieldKind, (props: FieldProps) => React.ReactNode> = {
  choice: Choice,
  switch: SwitchField,
  number: NumberField,
  text: TextField,
  group: Group,
  pairs: PairsField,
  tags: Tags,
  variants: Variants,
  json: JsonField,
};

/** How a moment is written. */
const MOMENT = '2030-01-31T09:00:00Z';

function TextField(props: FieldProps) {
  const { title, schema, value, onChange, path, faultAt, required, names, templated } = props;
  const shared = {
    label: title,
    description: prose(schema.description),
    error: prose(faultAt(path)),
    placeholder: placeholderOf(props),
    withAsterisk: required,
    value: typeof value === 'string' ? value : '',
  };
  const change = (text: string) => onChange(text === '' ? undefined : text);
  const examples = schema.examples?.filter((example): example is string => typeof example === 'string');
  // A few known words, but others are welcome too.
  if (templated && examples && examples.length > 2) {
    return <Autocomplete {...shared} size="xs" data={examples} onChange={change} />;
  }
  return (
    <ExpressionInput
      {...shared}
      placeholder={shared.placeholder ?? examples?.[0] ?? (schema.format === 'date-time' ? MOMENT : undefined)}
      onChange={change}
      names={templated ? names : []}
    />
  );
}

function Choice(props: FieldProps) {
  const { title, schema, value, onChange, path, faultAt, required } = props;
  const data = (schema.enum ?? []).filter((one): one is string => typeof one === 'string');
  return (
    <Select
      size="xs"
      label={title}
      description={prose(schema.description)}
      error={prose(faultAt(path))}
      withAsterisk={required}
      placeholder={placeholderOf(props)}
      data={data.map((one) => ({ value: one, label: one.replaceAll('_', ' ') }))}
      value={typeof value === 'string' ? value : null}
      onChange={(chosen) => onChange(chosen ?? undefined)}
      clearable={!required}
    />
  );
}

/** A list of known words and numbers. */
function Tags({ title, schema, value, onChange, path, faultAt, placeholder }: FieldProps) {
  const known = schema.items?.anyOf?.flatMap((item) => item.enum ?? []) ?? [];
  const tags = Array.isArray(value) ? value.map(String) : [];
  const change = (next: string[]) =>
    onChange(next.length > 0 ? next.map((tag) => (/^\d+$/.test(tag) ? Number(tag) : tag)) : undefined);
  return (
    <TagsInput
      size="xs"
      label={title}
      description={prose(schema.description)}
      error={prose(faultAt(path))}
      placeholder={tags.length === 0 ? placeholder : undefined}
      data={known.map(String)}
      value={tags}
      onChange={change}
      clearable
    />
  );
}
