import { Button, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { faultsIn } from '@/api/problem';
import { JoinLink } from '@/components/join-link';
import { ProblemCard } from '@/components/problem-card';
import table from '@/components/record-table.module.css';
import { useCreateTenant } from './queries';
import { texts } from './texts';

/** Makes a tenant, and shows the link for its first admin once. */
export function CreateForm({ onDone }: { onDone: () => void }) {
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const create = useCreateTenant();
  const fault = faultsIn(create.error);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const address = email.trim();
    create.mutate({ name: name.trim(), ...(address && { email: address }) });
  };
  if (create.data) return <JoinLink link={create.data.invitation} onDone={onDone} />;
  return (
    <form className={table.form} onSubmit={submit}>
      <TextInput
        label={texts.form.name}
        description={texts.form.nameHint}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        error={fault('/name')}
        maxLength={63}
        required
        data-autofocus
      />
      <TextInput
        label={texts.form.email}
        description={texts.form.emailHint}
        type="email"
        value={email}
        onChange={(event) => setEmail(event.currentTarget.value)}
        error={fault('/email')}
      />
      {create.isError && <ProblemCard problem={create.error} />}
      <div className={table.buttons}>
        <Button variant="default" onClick={onDone}>
          {texts.cancel}
        </Button>
        <Button type="submit" loading={create.isPending}>
          {texts.form.submit}
        </Button>
      </div>
    </form>
  );
}
