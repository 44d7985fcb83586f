import { CloseButton, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useState } from 'react';
import { texts } from '@/lib/texts';

interface SearchInputProps {
  value: string | undefined;
  onChange: (value: string | undefined) => void;
  label: string;
  className?: string | undefined;
}

/** A search field whose text goes into the address shortly after the typing stops. */
export function SearchInput({ value, onChange, label, className }: SearchInputProps) {
  const [draft, setDraft] = useState(value ?? '');
  const [seen, setSeen] = useState(value);
  // The address changed elsewhere, such as by the back button: it overrides the draft.
  if (value !== seen) {
    setSeen(value);
    if ((value ?? '') !== draft.trim()) setDraft(value ?? '');
  }
  const commit = useDebouncedCallback((text: string) => onChange(text.trim() || undefined), 250);
  const type = (text: string) => {
    setDraft(text);
    commit(text);
  };
  return (
    <TextInput
      type="search"
      size="xs"
      className={className}
      value={draft}
      onChange={(event) => type(event.target.value)}
      placeholder={label}
      aria-label={label}
      maxLength={200}
      leftSection={<IconSearch size={14} aria-hidden />}
      rightSection={draft ? <CloseButton size="xs" aria-label={texts.clearSearch} onClick={() => type('')} /> : null}
    />
  );
}
