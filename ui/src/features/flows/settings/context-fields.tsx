import { TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import type { SettingValues } from './setting-values';
import classes from './settings.module.css';
import { texts } from './texts';

/** The reference of executions that are started without one. */
export function ContextFields({ form }: { form: UseFormReturnType<SettingValues> }) {
  return (
    <section className={classes.section}>
      <h2 className={classes.heading}>{texts.context}</h2>
      <TextInput
        label={texts.contextId}
        description={texts.contextIdDetail}
        placeholder={texts.contextIdExample}
        spellCheck={false}
        classNames={{ input: classes.code }}
        {...form.getInputProps('context_id_template')}
      />
      <TextInput
        label={texts.contextType}
        placeholder={texts.contextTypeExample}
        spellCheck={false}
        {...form.getInputProps('context_type_default')}
      />
    </section>
  );
}
