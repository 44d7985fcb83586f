import { Select } from '@mantine/core';
import { prose } from '@/components/prose';
import type { FieldProps } from '../form/field';
import { JsonField } from '../form/json-field';
import type { Schema } from '../form/schema';
import { texts } from './texts';

interface ApproversFieldProps extends Pick<FieldProps, 'names' | 'faultAt' | 'warningsAt'> {
  schema: Schema;
  value: unknown;
  onChange: (value: unknown) => void;
}

/** Each role includes those before it. */
const ROLES = ['operator', 'editor', 'admin'] as const;

/** Who may decide. A list of roles means the least of them and all above it, so one is chosen. */
export function ApproversField({ schema, value, onChange, ...shared }: ApproversFieldProps) {
  const title = schema.title ?? 'approvers';
  const listed = value === undefined || value === null ? [] : value;
  const isKnown = Array.isArray(listed) && listed.every((role) => ROLES.includes(role));
  if (!isKnown) {
    return (
      <JsonField
        {...shared}
        title={title}
        schema={schema}
        value={value}
        onChange={onChange}
        path={['approvers']}
        templated={false}
      />
    );
  }
  return (
    <Select
      size="xs"
      label={title}
      placeholder={texts.approvers.none}
      error={prose(shared.faultAt(['approvers']))}
      data={ROLES.map((role) => ({ value: role, label: texts.approvers.roles[role] }))}
      value={ROLES.find((role) => listed.includes(role)) ?? null}
      onChange={(role) => onChange(role === null ? undefined : [role])}
      clearable
    />
  );
}
