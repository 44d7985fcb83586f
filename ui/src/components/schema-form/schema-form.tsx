import { Checkbox, MultiSelect, Select, TextInput } from '@mantine/core';
import type { Json } from '@/lib/json';
import { visible } from '@/lib/json-text';
import { ExactNumberInput } from '../exact-number-input';
import { type FormField, type FormValues, faultOf, withValue } from './fields';
import classes from './schema-form.module.css';

interface SchemaFormProps {
  fields: readonly FormField[];
  values: FormValues;
  onChange: (values: FormValues) => void;
  /** Whether faults of fields are shown that nobody has filled in. */
  isChecked: boolean;
  size?: Size;
}

type Size = 'xs' | 'md';

/** A form for an object that a JSON Schema describes. Who shows it decides what becomes of the values. */
export function SchemaForm({ fields, values, onChange, isChecked, size = 'xs' }: SchemaFormProps) {
  return (
    <div className={classes.fields} data-size={size}>
      {fields.map((field) => (
        <Field
          key={field.name}
          field={field}
          value={values.get(field.name)}
          isChecked={isChecked}
          size={size}
          onChange={(value) => onChange(withValue(values, field.name, value))}
        />
      ))}
    </div>
  );
}

interface FieldProps {
  field: FormField;
  value: Json | undefined;
  isChecked: boolean;
  size: Size;
  onChange: (value: Json | undefined) => void;
}

const INPUT_TYPES: ReadonlyMap<string | null, string> = new Map([
  ['email', 'email'],
  ['uri', 'url'],
  ['date', 'date'],
]);

function Field({ field, value, isChecked, size, onChange }: FieldProps) {
  const fault = value !== undefined || isChecked ? faultOf(field, value) : null;
  const common = {
    size,
    label: visible(field.title),
    description: field.description === null ? null : visible(field.description),
    error: fault,
  };
  switch (field.kind) {
    case 'text':
      return (
        <TextInput
          {...common}
          type={INPUT_TYPES.get(field.format) ?? 'text'}
          placeholder={field.format === 'date-time' ? '2027-01-15T08:00:00Z' : ''}
          withAsterisk={field.isRequired}
          value={typeof value === 'string' ? value : ''}
          onChange={(event) => onChange(event.currentTarget.value || undefined)}
        />
      );
    case 'number':
      return <ExactNumberInput {...common} withAsterisk={field.isRequired} value={value} onChange={onChange} />;
    case 'boolean':
      return (
        <Checkbox {...common} checked={value === true} onChange={(event) => onChange(event.currentTarget.checked)} />
      );
    case 'choice':
      return (
        <Select
          {...common}
          withAsterisk={field.isRequired}
          data={field.options}
          value={typeof value === 'string' ? value : null}
          onChange={(chosen) => onChange(chosen ?? undefined)}
          clearable={!field.isRequired}
        />
      );
    case 'choices':
      return (
        <MultiSelect
          {...common}
          withAsterisk={field.isRequired}
          data={field.options}
          value={Array.isArray(value) ? value.map(String) : []}
          onChange={(chosen) => onChange(chosen.length > 0 || field.isRequired ? chosen : undefined)}
        />
      );
  }
}
