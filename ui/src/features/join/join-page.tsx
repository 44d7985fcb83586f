import { Button, Divider, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { IconLinkOff } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { type Invitation, invitationQuery, join, signInWaysQuery } from '@/api/account';
import { forgetApiKey } from '@/api/credentials';
import { toProblem } from '@/api/problem';
import { EmptyState } from '@/components/empty-state';
import classes from '@/components/narrow-page.module.css';
import { ProblemCard } from '@/components/problem-card';
import { ProviderButtons } from '@/components/provider-buttons';
import { BlockSkeleton } from '@/components/skeletons';
import { formatList } from '@/lib/locale';
import { reportRefused } from '@/lib/session';
import { texts as common } from '@/lib/texts';
import { texts } from './texts';

/** The page behind a link to join with, for somebody who has no account yet or sets a new password. */
export function JoinPage() {
  const { token } = useParams({ from: '/alone/join/$token' });
  const invitation = useQuery(invitationQuery(token));
  return (
    <div className={classes.page}>
      <title>{`${texts.title} · ${common.product}`}</title>
      <div className={classes.card}>
        <h1 className={classes.title}>{`${texts.title} ${common.product}`}</h1>
        {invitation.isPending && <BlockSkeleton height={240} />}
        {invitation.isError && <Invalid problem={invitation.error} onRetry={() => void invitation.refetch()} />}
        {invitation.data && <Join key={token} token={token} invitation={invitation.data} />}
      </div>
    </div>
  );
}

function Invalid({ problem, onRetry }: { problem: unknown; onRetry: () => void }) {
  const { status, detail } = toProblem(problem);
  if (status !== 404) return <ProblemCard problem={problem} onRetry={onRetry} />;
  return <EmptyState icon={IconLinkOff} title={texts.wrong} detail={detail} />;
}

interface JoinProps {
  token: string;
  invitation: Invitation;
}

/** The ways in which the invitation can be accepted. */
function Join({ token, invitation }: JoinProps) {
  const ways = useQuery(signInWaysQuery());
  const providers = ways.data?.providers ?? [];
  const { takes_password: takesPassword } = invitation;
  if (ways.isPending) return <BlockSkeleton height={240} />;
  return (
    <Stack gap="sm">
      <p className={classes.about}>{aboutOf(invitation)}</p>
      {providers.length > 0 && (
        <ProviderButtons providers={providers} label={texts.withProvider} returnTo="/flows" invitation={token} />
      )}
      {providers.length > 0 && takesPassword && <Divider label={common.signIn.or} />}
      {takesPassword && <JoinForm token={token} invitation={invitation} />}
      {providers.length === 0 && !takesPassword && <Text size="sm">{texts.noWay}</Text>}
    </Stack>
  );
}

function JoinForm({ token, invitation }: JoinProps) {
  const { email: meant, is_new_password: isNewPassword } = invitation;
  const [name, setName] = useState('');
  const [email, setEmail] = useState(meant ?? '');
  const [password, setPassword] = useState('');
  const queries = useQueryClient();
  const navigate = useNavigate();
  const accept = useMutation({
    mutationFn: () => join(token, { email, password, ...(!isNewPassword && { name }) }),
    onSuccess: async () => {
      forgetApiKey();
      reportRefused(false);
      queries.clear();
      await navigate({ to: '/flows', replace: true });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    accept.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        {!isNewPassword && (
          <TextInput
            label={texts.name}
            autoComplete="name"
            maxLength={100}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            required
          />
        )}
        <TextInput
          label={texts.email}
          type="email"
          autoComplete="username"
          value={email}
          readOnly={meant !== null}
          onChange={(event) => setEmail(event.currentTarget.value)}
          required
        />
        <PasswordInput
          label={texts.password}
          description={texts.passwordHint}
          autoComplete="new-password"
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          required
        />
        {accept.isError && <ProblemCard problem={accept.error} />}
        <Button type="submit" loading={accept.isPending}>
          {isNewPassword ? texts.submitPassword : texts.submit}
        </Button>
      </Stack>
    </form>
  );
}

function aboutOf({ is_first_admin: isFirst, is_new_password: isNewPassword, email, role, grants }: Invitation): string {
  if (isFirst) return texts.firstAdmin;
  if (isNewPassword) return texts.newPassword(email ?? '');
  const roles = grants.map((grant) => texts.inFolder(grant.role, grant.folder));
  return texts.asRole(formatList(role === 'none' && roles.length > 0 ? roles : [role, ...roles]));
}
