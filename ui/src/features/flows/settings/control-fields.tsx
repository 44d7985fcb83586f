import { NumberInput, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { type SettingValues, TIMEOUT_SECONDS_MAX } from './setting-values';
import classes from './settings.module.css';
import { texts } from './texts';

/** In which order executions start, and how many at once. */
export function ControlFields({ form }: { form: UseFormReturnType<SettingValues> }) {
  return (
    <section className={classes.section}>
      <h2 className={classes.heading}>{texts.control}</h2>
      <div className={classes.pair}>
        <TextInput
          label={texts.key}
          description={texts.keyDetail}
          placeholder={texts.keyExample}
          spellCheck={false}
          classNames={{ input: classes.code }}
          {...form.getInputProps('concurrency_key')}
        />
        <NumberInput
          size="sm"
          label={texts.perKey}
          description={texts.perKeyDetail}
          placeholder="1"
          min={1}
          max={4_294_967_295}
          allowDecimal={false}
          allowNegative={false}
          {...form.getInputProps('max_concurrent_per_key')}
        />
      </div>
      <TextInput
        label={texts.priority}
        description={texts.priorityDetail}
        placeholder="0"
        spellCheck={false}
        classNames={{ input: classes.code }}
        {...form.getInputProps('priority')}
      />
      <div className={classes.pair}>
        <NumberInput
          size="sm"
          label={texts.debounce}
          description={texts.debounceDetail}
          placeholder={texts.debounceNone}
          min={0}
          max={TIMEOUT_SECONDS_MAX}
          allowNegative={false}
          {...form.getInputProps('debounce_seconds')}
        />
        <NumberInput
          size="sm"
          label={texts.delay}
          description={texts.delayDetail}
          placeholder={texts.delayNone}
          min={0}
          max={TIMEOUT_SECONDS_MAX}
          allowNegative={false}
          {...form.getInputProps('max_delay_seconds')}
        />
      </div>
    </section>
  );
}
