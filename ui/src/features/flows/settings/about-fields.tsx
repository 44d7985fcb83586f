import { Autocomplete, Checkbox, SegmentedControl, TagsInput, Textarea, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { useQuery } from '@tanstack/react-query';
import { useId } from 'react';
import { flowsQuery } from '@/api/flows';
import type { FlowStatus } from '@/api/types';
import type { SettingValues } from './setting-values';
import classes from './settings.module.css';
import { texts } from './texts';

const STATUSES = (Object.keys(texts.statuses) as FlowStatus[]).map((value) => ({
  value,
  label: texts.statuses[value],
}));

/** Name, description, category, tags, status and template. */
export function AboutFields({ form }: { form: UseFormReturnType<SettingValues> }) {
  const flows = useQuery(flowsQuery());
  const statusLabel = useId();
  const known = flows.data ?? [];
  return (
    <section className={classes.section}>
      <h2 className={classes.heading}>{texts.about}</h2>
      <TextInput label={texts.name} maxLength={200} required data-autofocus {...form.getInputProps('name')} />
      <Textarea
        label={texts.description}
        size="sm"
        autosize
        minRows={2}
        maxRows={5}
        {...form.getInputProps('description')}
      />
      <div className={classes.pair}>
        <Autocomplete
          size="sm"
          label={texts.category}
          data={distinct(known.flatMap((flow) => flow.category ?? []))}
          {...form.getInputProps('category')}
        />
        <TagsInput
          size="sm"
          label={texts.tags}
          classNames={{ inputField: classes.tagField }}
          placeholder={form.values.tags.length === 0 ? texts.tagsHint : ''}
          data={distinct(known.flatMap((flow) => flow.tags))}
          {...form.getInputProps('tags')}
        />
      </div>
      <div>
        <span className={classes.label} id={statusLabel}>
          {texts.status}
        </span>
        <SegmentedControl
          fullWidth
          size="xs"
          data={STATUSES}
          aria-labelledby={statusLabel}
          value={form.values.status}
          onChange={(status) => form.setFieldValue('status', status as FlowStatus)}
        />
        <p className={classes.hint}>{form.errors.status ?? texts.statusDetail[form.values.status]}</p>
      </div>
      <Checkbox
        size="sm"
        label={texts.template}
        description={texts.templateDetail}
        {...form.getInputProps('is_template', { type: 'checkbox' })}
      />
    </section>
  );
}

function distinct(values: readonly string[]): string[] {
  return [...new Set(values)].sort((a, b) => a.localeCompare(b));
}
