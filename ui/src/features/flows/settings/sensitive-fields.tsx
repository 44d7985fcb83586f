import { TagsInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import type { SettingValues } from './setting-values';
import classes from './settings.module.css';
import { texts } from './texts';

/** The patterns that have a name. Others begin with `regex:`. */
const PATTERNS = ['card_number', 'email', 'iban'];

/** What of the data of executions is not shown to everybody. */
export function SensitiveFields({ form }: { form: UseFormReturnType<SettingValues> }) {
  return (
    <section className={classes.section}>
      <h2 className={classes.heading}>{texts.sensitive}</h2>
      <p className={classes.hint}>{texts.sensitiveLead}</p>
      <TagsInput
        size="sm"
        label={texts.sensitiveFields}
        description={texts.sensitiveFieldsDetail}
        placeholder={form.values.sensitive_fields.length === 0 ? texts.sensitiveFieldsExample : undefined}
        {...form.getInputProps('sensitive_fields')}
      />
      <TagsInput
        size="sm"
        label={texts.sensitivePatterns}
        description={texts.sensitivePatternsDetail}
        data={PATTERNS}
        splitChars={[]}
        {...form.getInputProps('sensitive_patterns')}
      />
    </section>
  );
}
