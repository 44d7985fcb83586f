import { Select } from '@mantine/core';
import { APIS } from './draft';
import { texts } from './texts';

interface ApiFieldProps {
  api: unknown;
  /** What is meant without one. */
  placeholder: string;
  error: string | undefined;
  onChange: (api: string) => void;
}

/** Which API of OpenAI a model offers. */
export function ApiField({ api, placeholder, error, onChange }: ApiFieldProps) {
  const { form } = texts;
  return (
    <Select
      label={form.api}
      description={form.apiHint}
      placeholder={placeholder}
      data={APIS.map((value) => ({ value, label: form.apis[value] }))}
      value={typeof api === 'string' && api !== '' ? api : null}
      error={error}
      clearable
      onChange={(value) => onChange(value ?? '')}
    />
  );
}
