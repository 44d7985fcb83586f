import { Select, TextInput } from '@mantine/core';
import type { Operation, Parameter, Schemas } from './document';
import classes from './reference.module.css';
import { resolved } from './schema-tree';
import { texts } from './texts';

interface ParameterFieldsProps {
  operation: Operation;
  schemas: Schemas;
  values: Readonly<Record<string, string>>;
  onChange: (name: string, value: string) => void;
}

/** A field for each parameter. */
export function ParameterFields({ operation, schemas, values, onChange }: ParameterFieldsProps) {
  return (
    <div className={classes.inputs}>
      {operation.parameters.map((parameter) => (
        <ParameterInput
          key={`${parameter.in} ${parameter.name}`}
          parameter={parameter}
          choices={choicesOf(parameter, schemas)}
          value={values[parameter.name] ?? ''}
          onChange={(value) => onChange(parameter.name, value)}
        />
      ))}
    </div>
  );
}

interface ParameterInputProps {
  parameter: Parameter;
  /** What can be chosen; `null` for any text. */
  choices: string[] | null;
  value: string;
  onChange: (value: string) => void;
}

function ParameterInput({ parameter, choices, value, onChange }: ParameterInputProps) {
  const field = { label: parameter.name, size: 'xs', withAsterisk: parameter.in === 'path' } as const;
  if (!choices) {
    return <TextInput {...field} value={value} onChange={(event) => onChange(event.target.value)} spellCheck={false} />;
  }
  return (
    <Select
      {...field}
      data={choices}
      value={value || null}
      placeholder={texts.try.any}
      clearable={parameter.in !== 'path'}
      onChange={(chosen) => onChange(chosen ?? '')}
    />
  );
}

function choicesOf(parameter: Parameter, schemas: Schemas): string[] | null {
  const schema = resolved(parameter.schema, schemas);
  if (schema.type === 'boolean') return ['true', 'false'];
  const values = schema.enum?.filter((value) => typeof value === 'string');
  return values && values.length > 0 ? [...values] : null;
}
