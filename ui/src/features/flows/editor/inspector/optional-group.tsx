import { Switch } from '@mantine/core';
import type { ReactNode } from 'react';
import { prose } from '@/components/prose';
import { Warnings } from '@/components/warnings';
import { isRecord } from '@/lib/json';
import type { FieldProps } from '../form/field';
import { JsonField } from '../form/json-field';
import type { Schema } from '../form/schema';
import classes from './inspector.module.css';

export interface OptionalGroupProps extends Pick<FieldProps, 'names' | 'faultAt' | 'warningsAt' | 'templated'> {
  /** The key of the node. */
  name: string;
  title: string;
  schema: Schema;
  value: unknown;
  /** The keys that have fields. Others are kept, and shown where they are faults. */
  known: readonly string[];
  /** The value when it is switched on. */
  start: () => unknown;
  onChange: (value: unknown) => void;
  /** The fields; `null` for a value that they cannot show, which is shown as JSON. */
  children: ReactNode;
  /** Whether a field has the place of the whole value, and shows its warnings itself. */
  isShort?: boolean;
}

/** A part of a node that it may have or not: a switch, and below it the fields. */
export function OptionalGroup({ name, title, schema, value, known, children, ...props }: OptionalGroupProps) {
  const { start, onChange, isShort = false, templated, ...shared } = props;
  const isOn = value !== undefined && value !== null;
  const unknown = Object.keys(isRecord(value) ? value : {}).filter((key) => !known.includes(key));
  const fault = unknown.map((key) => shared.faultAt([name, key])).find(Boolean);
  return (
    <div role="group" aria-label={title} className={classes.optional}>
      <Switch
        size="sm"
        label={title}
        description={prose(schema.description)}
        error={prose(fault)}
        checked={isOn}
        onChange={(event) => onChange(event.currentTarget.checked ? start() : undefined)}
      />
      {!isShort && <Warnings messages={shared.warningsAt([name], children ? 'exact' : 'inside')} />}
      {children}
      {isOn && !children && (
        <JsonField
          {...shared}
          title={title}
          schema={schema}
          value={value}
          onChange={onChange}
          path={[name]}
          templated={templated}
        />
      )}
    </div>
  );
}
