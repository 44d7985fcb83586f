import { Button, Checkbox, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { Tenant } from '@/api/tenants';
import { ProblemCard } from '@/components/problem-card';
import table from '@/components/record-table.module.css';
import { useDeleteTenant } from './queries';
import { texts } from './texts';

/** Deletes a tenant once its name is typed again. */
export function DeleteForm({ tenant: { id, name }, onDone }: { tenant: Tenant; onDone: () => void }) {
  const [typed, setTyped] = useState('');
  const [cancel, setCancel] = useState(false);
  const remove = useDeleteTenant();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    remove.mutate({ id, name: typed, cancel }, { onSuccess: onDone });
  };
  return (
    <form className={table.form} onSubmit={submit}>
      <p className={table.text}>{texts.remove.ask}</p>
      <TextInput
        label={texts.remove.type(name)}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
        autoComplete="off"
        data-autofocus
      />
      <Checkbox
        label={texts.remove.cancelRuns}
        checked={cancel}
        onChange={(event) => setCancel(event.currentTarget.checked)}
      />
      {remove.isError && <ProblemCard problem={remove.error} />}
      <div className={table.buttons}>
        <Button variant="default" onClick={onDone}>
          {texts.cancel}
        </Button>
        <Button type="submit" color="red" disabled={typed !== name} loading={remove.isPending}>
          {texts.remove.yes}
        </Button>
      </div>
    </form>
  );
}
