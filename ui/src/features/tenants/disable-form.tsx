import { Button, Checkbox } from '@mantine/core';
import { useState } from 'react';
import type { Tenant } from '@/api/tenants';
import { ProblemCard } from '@/components/problem-card';
import table from '@/components/record-table.module.css';
import { useChangeTenant } from './queries';
import { texts } from './texts';

/** Disables a tenant, and cancels its executions if that is wanted. */
export function DisableForm({ tenant, onDone }: { tenant: Tenant; onDone: () => void }) {
  const [cancels, setCancels] = useState(false);
  const change = useChangeTenant();
  const confirm = () => {
    const wanted = { id: tenant.id, disabled: true, ...(cancels && { cancel_executions: true }) };
    change.mutate(wanted, { onSuccess: onDone });
  };
  return (
    <div className={table.form}>
      <p className={table.text}>{texts.stop.ask}</p>
      <Checkbox
        label={texts.stop.cancelRuns}
        checked={cancels}
        onChange={(event) => setCancels(event.currentTarget.checked)}
      />
      {change.isError && <ProblemCard problem={change.error} />}
      <div className={table.buttons}>
        <Button variant="default" onClick={onDone} data-autofocus>
          {texts.cancel}
        </Button>
        <Button color="red" loading={change.isPending} onClick={confirm}>
          {texts.stop.yes}
        </Button>
      </div>
    </div>
  );
}
