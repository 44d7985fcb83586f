import { Button, PasswordInput, TextInput } from '@mantine/core';
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { type Account, addPasskey, askNewPasskey, deletePasskey, listPasskeys, type Passkey } from '@/api/account';
import { rowsOf } from '@/api/damaged';
import { toProblem } from '@/api/problem';
import { Panel } from '@/components/panel';
import { ProblemCard } from '@/components/problem-card';
import { RelativeTime } from '@/components/relative-time';
import { RowsSkeleton } from '@/components/skeletons';
import { makePasskey } from '@/lib/passkey';
import classes from './account.module.css';
import { browserOf } from './browser';
import { texts } from './texts';

const passkeysQuery = () =>
  queryOptions({
    queryKey: ['account', 'passkeys'],
    queryFn: ({ signal }) => listPasskeys(signal),
    select: rowsOf,
  });

/** The passkeys of somebody, who adds and deletes them. */
export function Passkeys({ account }: { account: Account }) {
  const passkeys = useQuery(passkeysQuery());
  const queries = useQueryClient();
  const refresh = async () => {
    const { queryKey } = passkeysQuery();
    // A first load that is under way may have been answered before the change.
    await queries.cancelQueries({ queryKey });
    await queries.invalidateQueries({ queryKey });
  };
  const remove = useMutation({ mutationFn: deletePasskey, onSettled: refresh });
  return (
    <Panel title={texts.passkeys}>
      {passkeys.isPending && <RowsSkeleton rows={1} height={48} />}
      {passkeys.isError && <ProblemCard problem={passkeys.error} onRetry={() => passkeys.refetch()} />}
      {remove.isError && <ProblemCard problem={remove.error} />}
      <p className={classes.soft}>{texts.passkeysHint}</p>
      <ul className={classes.list}>
        {passkeys.data?.map((passkey) => (
          <PasskeyRow key={passkey.id} passkey={passkey} onDelete={() => remove.mutate(passkey.id)} />
        ))}
      </ul>
      <AddPasskey hasPassword={account.has_password} onAdded={refresh} />
    </Panel>
  );
}

function PasskeyRow({ passkey, onDelete }: { passkey: Passkey; onDelete: () => void }) {
  return (
    <li className={classes.row}>
      <div className={classes.browser}>
        <span className={classes.name}>{passkey.name}</span>
        <span className={classes.soft}>
          {passkey.used_at === null ? texts.added : texts.used}{' '}
          <RelativeTime time={passkey.used_at ?? passkey.created_at} />
        </span>
      </div>
      <Button size="xs" variant="default" aria-label={texts.deletePasskey(passkey.name)} onClick={onDelete}>
        {texts.delete}
      </Button>
    </li>
  );
}

function AddPasskey({ hasPassword, onAdded }: { hasPassword: boolean; onAdded: () => Promise<void> }) {
  const [name, setName] = useState(browserOf(navigator.userAgent) ?? '');
  const [password, setPassword] = useState('');
  const add = useMutation({
    mutationFn: async () => {
      const asked = await askNewPasskey(password === '' ? {} : { password });
      const made = await makePasskey(asked);
      if (made !== null) await addPasskey({ name, ...made });
    },
    onSuccess: async () => {
      setPassword('');
      await onAdded();
    },
  });
  // Only where the sign-in is not recent is the password needed.
  const needsPassword = hasPassword && add.isError && toProblem(add.error).type.endsWith('#sign-in-not-recent');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate();
  };
  return (
    <form className={classes.form} onSubmit={submit}>
      <TextInput
        label={texts.passkeyName}
        value={name}
        maxLength={100}
        onChange={(event) => setName(event.currentTarget.value)}
        required
      />
      {(needsPassword || password !== '') && (
        <PasswordInput
          label={texts.password}
          autoComplete="current-password"
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
      )}
      {add.isError && <ProblemCard problem={add.error} />}
      <div>
        <Button type="submit" variant="default" loading={add.isPending}>
          {texts.addPasskey}
        </Button>
      </div>
    </form>
  );
}
