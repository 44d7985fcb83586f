import { Badge, Button, PasswordInput, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconLock } from '@tabler/icons-react';
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import {
  type Account,
  accountQuery,
  changePassword,
  endSignIn,
  listSignIns,
  renameAccount,
  type SignedInBrowser,
  signInWaysQuery,
} from '@/api/account';
import { rowsOf } from '@/api/damaged';
import { EmptyState } from '@/components/empty-state';
import { Page } from '@/components/page';
import { Panel } from '@/components/panel';
import { ProblemCard } from '@/components/problem-card';
import { Prose } from '@/components/prose';
import { RelativeTime } from '@/components/relative-time';
import { RowsSkeleton } from '@/components/skeletons';
import { hasPasskeys } from '@/lib/passkey';
import classes from './account.module.css';
import { browserOf } from './browser';
import { Passkeys } from './passkeys';
import { texts } from './texts';

const signInsQuery = () =>
  queryOptions({ queryKey: ['account', 'sign-ins'], queryFn: ({ signal }) => listSignIns(signal), select: rowsOf });

/** One's own account: the name, the password, and where one is signed in. */
export function AccountPage() {
  const account = useQuery(accountQuery());
  const ways = useQuery({ ...signInWaysQuery(), enabled: account.data?.is_local === false });
  return (
    <Page title={texts.title}>
      {account.isPending && <RowsSkeleton rows={2} height={140} />}
      {account.isError && <ProblemCard problem={account.error} onRetry={() => account.refetch()} />}
      {account.data?.is_local && (
        <EmptyState icon={IconLock} title={texts.local} detail={<Prose text={texts.localDetail} />} />
      )}
      {account.data && !account.data.is_local && (
        <div className={classes.panels}>
          <Who account={account.data} />
          {account.data.providers.length > 0 && <Ways account={account.data} />}
          {account.data.kind === 'person' && ways.data?.passkeys && hasPasskeys() && (
            <Passkeys account={account.data} />
          )}
          {account.data.has_password && <Password email={account.data.email ?? ''} />}
          {account.data.kind === 'person' && <SignIns />}
        </div>
      )}
    </Page>
  );
}

function Who({ account }: { account: Account }) {
  const [name, setName] = useState(account.name ?? '');
  const queries = useQueryClient();
  const rename = useMutation({
    mutationFn: () => renameAccount(name),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ['account'] });
      notifications.show({ message: texts.saved, color: 'green' });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    rename.mutate();
  };
  return (
    <Panel title={texts.who}>
      <form className={classes.form} onSubmit={submit}>
        <TextInput
          label={texts.name}
          value={name}
          maxLength={100}
          autoComplete="name"
          onChange={(event) => setName(event.currentTarget.value)}
          required
        />
        <dl className={classes.facts}>
          {account.email !== null && (
            <>
              <dt>{texts.email}</dt>
              <dd>{account.email}</dd>
            </>
          )}
          <dt>{texts.role}</dt>
          <dd>{account.role}</dd>
        </dl>
        {rename.isError && <ProblemCard problem={rename.error} />}
        <div>
          <Button type="submit" variant="default" loading={rename.isPending}>
            {texts.saveName}
          </Button>
        </div>
      </form>
    </Panel>
  );
}

/** How somebody signs in who does not do so with a password alone. */
function Ways({ account }: { account: Account }) {
  return (
    <Panel title={texts.ways}>
      <ul className={classes.list}>
        {account.has_password && (
          <li className={classes.row}>
            <span className={classes.name}>{texts.password}</span>
          </li>
        )}
        {account.providers.map(({ label, used_at: usedAt }) => (
          <li key={label} className={classes.row}>
            <div className={classes.browser}>
              <span className={classes.name}>{label}</span>
              <span className={classes.soft}>
                {texts.used} <RelativeTime time={usedAt} />
              </span>
            </div>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Password({ email }: { email: string }) {
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: () => changePassword({ current_password: current, new_password: next }),
    onSuccess: async () => {
      setCurrent('');
      setNext('');
      await queries.invalidateQueries({ queryKey: ['account', 'sign-ins'] });
      notifications.show({ message: texts.changed, color: 'green' });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate();
  };
  return (
    <Panel title={texts.password}>
      <form className={classes.form} onSubmit={submit}>
        <input type="hidden" autoComplete="username" value={email} readOnly />
        <PasswordInput
          label={texts.current}
          autoComplete="current-password"
          value={current}
          onChange={(event) => setCurrent(event.currentTarget.value)}
          required
        />
        <PasswordInput
          label={texts.next}
          description={texts.nextHint}
          autoComplete="new-password"
          value={next}
          onChange={(event) => setNext(event.currentTarget.value)}
          required
        />
        {change.isError && <ProblemCard problem={change.error} />}
        <div>
          <Button type="submit" variant="default" loading={change.isPending}>
            {texts.change}
          </Button>
        </div>
      </form>
    </Panel>
  );
}

function SignIns() {
  const signIns = useQuery(signInsQuery());
  const queries = useQueryClient();
  const end = useMutation({
    mutationFn: endSignIn,
    onSettled: () => queries.invalidateQueries({ queryKey: ['account', 'sign-ins'] }),
  });
  const others = signIns.data?.some((signIn) => !signIn.is_current);
  return (
    <Panel title={texts.signIns}>
      {signIns.isPending && <RowsSkeleton rows={2} height={48} />}
      {signIns.isError && <ProblemCard problem={signIns.error} onRetry={() => signIns.refetch()} />}
      {end.isError && <ProblemCard problem={end.error} />}
      <ul className={classes.list}>
        {signIns.data?.map((signIn) => (
          <SignInRow key={signIn.id} signIn={signIn} onEnd={() => end.mutate(signIn.id)} />
        ))}
      </ul>
      {others && (
        <Button variant="default" loading={end.isPending} onClick={() => end.mutate(null)}>
          {texts.endOthers}
        </Button>
      )}
    </Panel>
  );
}

function SignInRow({ signIn, onEnd }: { signIn: SignedInBrowser; onEnd: () => void }) {
  const browser = browserOf(signIn.user_agent) ?? texts.unknown;
  return (
    <li className={classes.row}>
      <div className={classes.browser}>
        <span className={classes.name}>
          {browser}
          {signIn.is_current && <Badge variant="light">{texts.here}</Badge>}
        </span>
        <span className={classes.soft}>
          {texts.used} <RelativeTime time={signIn.used_at} />
          {signIn.address !== null && ` ${texts.from(signIn.address)}`}
        </span>
      </div>
      {!signIn.is_current && (
        <Button size="xs" variant="default" aria-label={texts.endOf(browser)} onClick={onEnd}>
          {texts.end}
        </Button>
      )}
    </li>
  );
}
