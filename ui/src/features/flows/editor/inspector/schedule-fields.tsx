import { Select } from '@mantine/core';
import { useState } from 'react';
import { isRecord } from '@/lib/json';
import { own } from '@/lib/own';
import type { FieldProps } from '../form/field';
import type { Schema } from '../form/schema';
import { SchemaField } from '../form/schema-field';
import classes from './inspector.module.css';
import { NextStarts } from './next-starts';
import { OptionalGroup } from './optional-group';
import { newSchedule, PRESETS, type Preset, presetOf, ruleOf } from './schedule';
import { texts } from './texts';
import { withValue } from './values';
import { ZoneField } from './zone-field';

interface ScheduleFieldsProps extends Pick<FieldProps, 'names' | 'faultAt' | 'warningsAt'> {
  schema: Schema;
  schedule: unknown;
  isActive: boolean;
  onChange: (schedule: unknown) => void;
}

const ALWAYS_SHOWN = ['cron', 'timezone'];

/** When a trigger starts its flow by itself. */
export function ScheduleFields({ schema, schedule, isActive, onChange, ...shared }: ScheduleFieldsProps) {
  const known = Object.entries(schema.properties ?? {});
  return (
    <OptionalGroup
      {...shared}
      name="schedule"
      title={schema.title ?? texts.schedule.title}
      schema={schema}
      value={schedule}
      known={known.map(([key]) => key)}
      start={() => newSchedule(Intl.DateTimeFormat().resolvedOptions().timeZone)}
      onChange={onChange}
      templated={false}
    >
      {isRecord(schedule) && (
        <Fields {...shared} known={known} schema={schema} schedule={schedule} isActive={isActive} onChange={onChange} />
      )}
    </OptionalGroup>
  );
}

interface FieldsProps extends ScheduleFieldsProps {
  known: readonly (readonly [string, Schema])[];
  schedule: Record<string, unknown>;
}

function Fields({ known, schema, schedule, isActive, onChange, ...shared }: FieldsProps) {
  const [isOpen, setOpen] = useState(false);
  const field = ([key, schemaOfKey]: readonly [string, Schema]) => ({
    ...shared,
    title: schemaOfKey.title ?? key,
    schema: schemaOfKey,
    value: own(schedule, key),
    onChange: (value: unknown) => onChange(withValue(schedule, key, value)),
    path: ['schedule', key],
    required: schema.required?.includes(key),
    templated: false,
  });
  const more = known.filter(([key]) => !ALWAYS_SHOWN.includes(key));
  const isSaid = (key: string) =>
    shared.faultAt(['schedule', key]) !== undefined || shared.warningsAt(['schedule', key], 'inside').length > 0;
  const fault = ALWAYS_SHOWN.some((key) => shared.faultAt(['schedule', key]) !== undefined);
  return (
    <>
      <PresetField cron={schedule.cron} onChange={(cron) => onChange(withValue(schedule, 'cron', cron))} />
      {known.map(([key, schemaOfKey]) => {
        if (key === 'cron') return <SchemaField key={key} {...field([key, schemaOfKey])} />;
        return key === 'timezone' && <ZoneField key={key} {...field([key, schemaOfKey])} />;
      })}
      <details
        className={classes.more}
        open={isOpen || more.some(([key]) => isSaid(key))}
        onToggle={(event) => setOpen(event.currentTarget.open)}
      >
        <summary>{texts.schedule.more}</summary>
        <div className={classes.optional}>
          {more.map((one) => (
            <SchemaField key={one[0]} {...field(one)} />
          ))}
        </div>
      </details>
      <NextStarts rule={ruleOf(schedule)} isActive={isActive} hasFault={fault} />
    </>
  );
}

/** Often used expressions. It shows which one the expression is. */
function PresetField({ cron, onChange }: { cron: unknown; onChange: (cron: string) => void }) {
  return (
    <Select
      size="xs"
      label={texts.schedule.starts}
      placeholder={texts.schedule.custom}
      data={(Object.keys(PRESETS) as Preset[]).map((value) => ({ value, label: texts.schedule.presets[value] }))}
      value={presetOf(cron)}
      onChange={(preset) => preset && onChange(PRESETS[preset])}
      allowDeselect={false}
    />
  );
}
