import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { mcpCommandsQuery } from './queries';
import { texts } from './texts';

interface CommandFieldProps {
  /** The name of the command; empty for none. */
  command: string;
  error: string | undefined;
  onChange: (command: string) => void;
}

/** The local command that an MCP server is. Absent where the operator has listed none. */
export function CommandField({ command, error, onChange }: CommandFieldProps) {
  const { data: listed } = useQuery(mcpCommandsQuery());
  const names = [...new Set([...(listed ?? []), command])].filter((name) => name !== '');
  if (names.length === 0) return null;
  const isUnlisted = command !== '' && listed !== undefined && !listed.includes(command);
  return (
    <Select
      label={texts.form.command}
      description={texts.form.commandHint}
      data={[{ value: '', label: texts.form.commandNone }, ...names.map((name) => ({ value: name, label: name }))]}
      value={command}
      error={error ?? (isUnlisted ? texts.form.commandUnlisted(command) : undefined)}
      allowDeselect={false}
      onChange={(name) => onChange(name ?? '')}
    />
  );
}
