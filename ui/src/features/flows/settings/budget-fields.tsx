import { NumberInput, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import type { SettingValues } from './setting-values';
import classes from './settings.module.css';
import { texts } from './texts';

/** What the calls of models of one execution may use. */
export function BudgetFields({ form }: { form: UseFormReturnType<SettingValues> }) {
  return (
    <section className={classes.section}>
      <h2 className={classes.heading}>{texts.budget}</h2>
      <p className={classes.hint}>{texts.budgetLead}</p>
      <NumberInput
        size="sm"
        label={texts.tokens}
        description={texts.tokensDetail}
        placeholder={texts.concurrentNone}
        min={1}
        max={4_294_967_295}
        thousandSeparator=","
        allowDecimal={false}
        allowNegative={false}
        {...form.getInputProps('max_tokens')}
      />
      <div className={classes.pair}>
        <NumberInput
          size="sm"
          label={texts.cost}
          description={texts.costDetail}
          placeholder={texts.concurrentNone}
          min={0}
          allowNegative={false}
          {...form.getInputProps('max_cost')}
        />
        <TextInput
          size="sm"
          label={texts.currency}
          description={texts.currencyDetail}
          placeholder={texts.currencyExample}
          maxLength={3}
          spellCheck={false}
          {...form.getInputProps('currency')}
        />
      </div>
    </section>
  );
}
