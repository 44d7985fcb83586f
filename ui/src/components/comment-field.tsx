import { TextInput } from '@mantine/core';

interface CommentFieldProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
}

/** The API takes no longer comment. */
const COMMENT_MAX = 2_000;

/** What a person says with a decision. */
export function CommentField({ label, value, onChange }: CommentFieldProps) {
  return (
    <TextInput
      size="xs"
      data-act="comment"
      placeholder={label}
      aria-label={label}
      value={value}
      onChange={(event) => onChange(event.target.value)}
      maxLength={COMMENT_MAX}
    />
  );
}
