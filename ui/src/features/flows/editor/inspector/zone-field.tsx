import { Select } from '@mantine/core';
import { prose } from '@/components/prose';
import { Warnings } from '@/components/warnings';
import type { FieldProps } from '../form/field';
import { SchemaField } from '../form/schema-field';
import { UTC, zonesWith } from './schedule';

/** How many are listed at once; more are found by typing. */
const SHOWN_MAX = 100;

/** A time zone, found by a part of its name. */
export function ZoneField(props: FieldProps) {
  const { title, schema, value, onChange, path, faultAt, warningsAt } = props;
  if (value !== undefined && value !== null && typeof value !== 'string') return <SchemaField {...props} />;
  return (
    <>
      <Select
        size="xs"
        label={title}
        description={prose(schema.description)}
        error={prose(faultAt(path))}
        placeholder={UTC}
        data={zonesWith(value, Intl.supportedValuesOf('timeZone'))}
        limit={SHOWN_MAX}
        value={value || null}
        onChange={(zone) => onChange(zone ?? undefined)}
        searchable
        clearable
      />
      <Warnings messages={warningsAt(path, 'inside')} />
    </>
  );
}
