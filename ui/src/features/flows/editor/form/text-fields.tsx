import { Autocomplete, Select, TagsInput } from '@mantine/core';
import { prose } from '@/components/prose';
import { readNumber } from '@/lib/json';
import { own } from '@/lib/own';
import { ExpressionInput } from './expression-input';
import { type FieldProps, placeholderOf } from './field';
import { texts } from './texts';

/** An example of a date and time. */
const MOMENT = '2030-01-31T09:00:00Z';

/** Text, with completion of names in expressions. */
export function TextField(props: FieldProps) {
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
  // A few suggestions, but any other text is allowed.
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

/** One of several values. */
export function ChoiceField(props: FieldProps) {
  const { title, schema, value, onChange, path, faultAt, required } = props;
  const placeholder = placeholderOf(props);
  const data = (schema.enum ?? []).filter((one): one is string => typeof one === 'string');
  return (
    <Select
      size="xs"
      label={title}
      description={prose(schema.description)}
      error={prose(faultAt(path))}
      withAsterisk={required}
      placeholder={placeholder && labelOf(placeholder)}
      data={data.map((one) => ({ value: one, label: labelOf(one) }))}
      value={typeof value === 'string' ? value : null}
      onChange={(chosen) => onChange(chosen ?? undefined)}
      clearable={!required}
    />
  );
}

function labelOf(choice: string): string {
  return own(texts.choices, choice) ?? choice.replaceAll('_', ' ');
}

/** A list of known values and numbers. */
export function TagsField({ title, schema, value, onChange, path, faultAt, placeholder }: FieldProps) {
  const known = schema.items?.anyOf?.flatMap((item) => item.enum ?? []) ?? [];
  const tags = Array.isArray(value) ? value.map(String) : [];
  const change = (next: string[]) =>
    onChange(next.length > 0 ? next.map((tag) => (/^\d+$/.test(tag) ? readNumber(tag) : tag)) : undefined);
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
