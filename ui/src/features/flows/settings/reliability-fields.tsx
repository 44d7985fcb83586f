import { NumberInput, Switch } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { formatWait } from '@/lib/time';
import { RETRY_COUNT_MAX, type SettingValues, TIMEOUT_SECONDS_MAX, withRetry } from './setting-values';
import classes from './settings.module.css';
import { texts } from './texts';

/** Retries, timeout and concurrency. */
export function ReliabilityFields({ form }: { form: UseFormReturnType<SettingValues> }) {
  const { retry_on_failure: isRetried, timeout_seconds: timeout } = form.values;
  return (
    <section className={classes.section}>
      <h2 className={classes.heading}>{texts.reliability}</h2>
      <div className={classes.retry}>
        <Switch
          label={texts.retry}
          description={texts.retryDetail}
          {...form.getInputProps('retry_on_failure', { type: 'checkbox' })}
          onChange={({ currentTarget }) => form.setValues(withRetry(form.values, currentTarget.checked))}
        />
        <NumberInput
          size="sm"
          label={texts.count}
          description={isRetried ? texts.countDetail : texts.countOff}
          min={0}
          max={RETRY_COUNT_MAX}
          clampBehavior="strict"
          allowDecimal={false}
          allowNegative={false}
          disabled={!isRetried}
          {...form.getInputProps('retry_count')}
        />
      </div>
      <div className={classes.pair}>
        <NumberInput
          size="sm"
          label={texts.timeout}
          description={timeout === '' ? texts.timeoutDetail : texts.timeoutIs(formatWait(Number(timeout)))}
          placeholder={texts.timeoutNone}
          min={0}
          max={TIMEOUT_SECONDS_MAX}
          allowNegative={false}
          {...form.getInputProps('timeout_seconds')}
        />
        <NumberInput
          size="sm"
          label={texts.concurrent}
          description={texts.concurrentDetail}
          placeholder={texts.concurrentNone}
          min={1}
          max={4_294_967_295}
          allowDecimal={false}
          allowNegative={false}
          {...form.getInputProps('max_concurrent_executions')}
        />
      </div>
    </section>
  );
}
