import { Button, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { Tenant, TenantQuota } from '@/api/tenants';
import { ProblemCard } from '@/components/problem-card';
import table from '@/components/record-table.module.css';
import { MIB } from './limits';
import { useChangeTenant } from './queries';
import { texts } from './texts';

const FIELDS = ['executions', 'starts', 'storage', 'tokens', 'cost'] as const;
type Field = (typeof FIELDS)[number];

/** Sets what a tenant may use. An empty field is no limit. */
export function QuotaForm({ tenant, onDone }: { tenant: Tenant; onDone: () => void }) {
  const [values, setValues] = useState(() => shown(tenant.quota));
  const [currency, setCurrency] = useState(tenant.quota.currency ?? '');
  const change = useChangeTenant();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate({ id: tenant.id, quota: read(values, currency) }, { onSuccess: onDone });
  };
  return (
    <form className={table.form} onSubmit={submit}>
      <p className={table.text}>{texts.limit.detail}</p>
      {FIELDS.map((field) => (
        <TextInput
          key={field}
          label={texts.limit[field]}
          type="number"
          inputMode="decimal"
          min={field === 'cost' ? 0.000001 : 1}
          step={field === 'cost' ? 'any' : 1}
          value={values[field]}
          onChange={(event) => setValues({ ...values, [field]: event.currentTarget.value })}
        />
      ))}
      {values.cost !== '' && (
        <TextInput
          label={texts.limit.currency}
          description={texts.limit.currencyHint}
          maxLength={3}
          value={currency}
          onChange={(event) => setCurrency(event.currentTarget.value.toUpperCase())}
        />
      )}
      {change.isError && <ProblemCard problem={change.error} />}
      <div className={table.buttons}>
        <Button variant="default" onClick={onDone}>
          {texts.cancel}
        </Button>
        <Button type="submit" loading={change.isPending}>
          {texts.limit.submit}
        </Button>
      </div>
    </form>
  );
}

function shown(quota: TenantQuota): Record<Field, string> {
  const text = (limit: number | null | undefined) => (limit ? String(limit) : '');
  return {
    executions: text(quota.executions),
    starts: text(quota.starts_per_minute),
    storage: text(quota.stored_bytes && Math.ceil(quota.stored_bytes / MIB)),
    tokens: text(quota.tokens_per_day),
    cost: text(quota.cost_per_day),
  };
}

function read(values: Record<Field, string>, currency: string): TenantQuota {
  const limit = (text: string) => (text === '' ? null : Number(text));
  const storage = limit(values.storage);
  return {
    executions: limit(values.executions),
    starts_per_minute: limit(values.starts),
    stored_bytes: storage && storage * MIB,
    tokens_per_day: limit(values.tokens),
    cost_per_day: limit(values.cost),
    currency: values.cost === '' || currency === '' ? null : currency,
  };
}
