import { TextInput } from '@mantine/core';
import { useState } from 'react';

interface UniqueNameFieldProps {
  label: string;
  /** Said while another one has the name. */
  taken: string;
  name: string;
  others: readonly string[];
  onChange: (name: string) => void;
}

/** A name, which takes effect while no other one is the same. */
export function UniqueNameField({ label, taken, name, others, onChange }: UniqueNameFieldProps) {
  const [typed, setTyped] = useState({ of: name, text: name });
  const text = typed.of === name ? typed.text : name;
  const type = (next: string) => {
    const isFree = !others.includes(next);
    setTyped({ of: isFree ? next : name, text: next });
    if (isFree) onChange(next);
  };
  return (
    <TextInput
      size="xs"
      label={label}
      value={text}
      error={others.includes(text) ? taken : undefined}
      onChange={(event) => type(event.currentTarget.value)}
    />
  );
}
