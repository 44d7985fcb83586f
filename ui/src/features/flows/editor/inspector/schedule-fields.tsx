import { Select, Switch } from '@mantine/core';
import { useState } from 'react';
import { prose } from '@/components/prose';
import { Warnings } from '@/components/warnings';
import { isRecord } from '@/lib/json';
import { own } from '@/lib/own';
import type { FieldProps } from '../form/field';
import { JsonField } from '../form/json-field';
import type { Schema } from '../form/schema';
import { SchemaField } from '../form/schema-field';
import classes from './inspector.module.css';
import { NextStarts } from './next-starts';
import { newSchedule, PRESETS, type Preset, presetOf, ruleOf, withScheduleValue } from './schedule';
import { texts } from './texts';
import { ZoneField } from './zone-field';

interface ScheduleFieldsProps extends Pick<FieldProps, 'names' | 'faultAt' | 'warningsAt'> {
  schema: Schema;
  schedule: unknown;
  isActive: boolean;
  onChange: (schedule: unknown) => void;
}

const ALWAYS_SHOWN = ['cron', 'timezone'];

/** When a trigger starts its flow by itself. Keys that it does not know are kept. */
export function ScheduleFields({ schema, schedule, isActive, onChange, ...shared }: ScheduleFieldsProps) {
  const isOn = schedule !== undefined && schedule !== null;
  const known = Object.entries(schema.properties ?? {});
  const unknown = Object.keys(isRecord(schedule) ? schedule : {}).filter(
    (key) => !known.some(([name]) => name === key),
  );
  const fault = unknown.map((key) => shared.faultAt(['schedule', key])).find(Boolean);
  const title = schema.title ?? texts.schedule.title;
  const start = () => newSchedule(Intl.DateTimeFormat().resolvedOptions().timeZone);
  return (
    <div role="group" aria-label={title} className={classes.session}>
      <Switch
        size="sm"
        label={title}
        description={prose(schema.description)}
        error={prose(fault)}
        checked={isOn}
        onChange={(event) => onChange(event.currentTarget.checked ? start() : undefined)}
      />
      <Warnings messages={shared.warningsAt(['schedule'], isRecord(schedule) ? 'exact' : 'inside')} />
      {isRecord(schedule) && (
        <Fields {...shared} known={known} schema={schema} schedule={schedule} isActive={isActive} onChange={onChange} />
      )}
      {isOn && !isRecord(schedule) && (
        <JsonField
          {...shared}
          title={title}
          schema={schema}
          value={schedule}
          onChange={onChange}
          path={['schedule']}
          templated={false}
        />
      )}
    </div>
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
    onChange: (value: unknown) => onChange(withScheduleValue(schedule, key, value)),
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
      <PresetField cron={schedule.cron} onChange={(cron) => onChange(withScheduleValue(schedule, 'cron', cron))} />
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
        <div className={classes.session}>
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
