import { Anchor, Button, Divider, Modal, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { askPasskey, type Provider, type SignInWays, signIn, signInWithPasskey } from '@/api/account';
import { forgetApiKey, saveApiKey } from '@/api/credentials';
import { ProblemCard } from '@/components/problem-card';
import { ProviderButtons } from '@/components/provider-buttons';
import { hasPasskeys, signWithPasskey } from '@/lib/passkey';
import { reportRefused } from '@/lib/session';
import { texts } from '@/lib/texts';
import { Logo } from './logo';
import classes from './sign-in-gate.module.css';

/** The page to sign in, over everything that is open. */
export function SignInDialog({ ways }: { ways: SignInWays }) {
  return (
    <Modal
      opened
      onClose={() => undefined}
      closeOnEscape={false}
      withCloseButton={false}
      fullScreen
      transitionProps={{ duration: 0 }}
      classNames={{ content: classes.page, body: classes.body }}
      attributes={{ content: { 'aria-label': texts.signIn.title } }}
    >
      <SignIn ways={ways} />
    </Modal>
  );
}

function SignIn({ ways: { passwords, providers, passkeys } }: { ways: SignInWays }) {
  const withPasskey = passkeys && hasPasskeys();
  const hasOthers = withPasskey || providers.length > 0;
  const [withKey, setWithKey] = useState(false);
  return (
    <div className={classes.card}>
      <title>{`${texts.signIn.title} · ${texts.product}`}</title>
      <Logo size={28} />
      <h1 className={classes.title}>{texts.signIn.title}</h1>
      {withKey && <KeyForm />}
      {!withKey && providers.length > 0 && <Providers providers={providers} />}
      {!withKey && withPasskey && <PasskeyButton />}
      {!withKey && hasOthers && passwords && <Divider label={texts.signIn.or} />}
      {!withKey && passwords && <PasswordForm />}
      <Anchor component="button" type="button" size="sm" onClick={() => setWithKey(!withKey)}>
        {withKey ? otherWay(passwords) : texts.signIn.useKey}
      </Anchor>
    </div>
  );
}

const otherWay = (passwords: boolean) => (passwords ? texts.signIn.usePassword : texts.signIn.useOther);

function Providers({ providers }: { providers: readonly Provider[] }) {
  const { pathname, search } = window.location;
  return <ProviderButtons providers={providers} label={texts.signIn.withProvider} returnTo={pathname + search} />;
}

/** Goes on where somebody was: everything on the page is fetched again. */
function useContinue() {
  const queries = useQueryClient();
  return () => {
    reportRefused(false);
    void queries.invalidateQueries();
  };
}

function PasskeyButton() {
  const goOn = useContinue();
  const attempt = useMutation({
    mutationFn: async () => {
      const signed = await signWithPasskey(await askPasskey());
      if (signed === null) return false;
      await signInWithPasskey(signed);
      return true;
    },
    onSuccess: (isIn) => {
      if (!isIn) return;
      forgetApiKey();
      goOn();
    },
  });
  return (
    <Stack gap="sm">
      <Button variant="default" loading={attempt.isPending} onClick={() => attempt.mutate()}>
        {texts.signIn.withPasskey}
      </Button>
      {attempt.isError && <ProblemCard problem={attempt.error} />}
    </Stack>
  );
}

function PasswordForm() {
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const goOn = useContinue();
  const attempt = useMutation({
    mutationFn: () => signIn({ email, password }),
    onSuccess: () => {
      forgetApiKey();
      goOn();
    },
    onError: () => setPassword(''),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    attempt.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <TextInput
          label={texts.signIn.email}
          type="email"
          autoComplete="username"
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
          required
          data-autofocus
        />
        <PasswordInput
          label={texts.signIn.password}
          autoComplete="current-password"
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          required
        />
        {attempt.isError && <ProblemCard problem={attempt.error} />}
        <Button type="submit" loading={attempt.isPending}>
          {texts.signIn.submit}
        </Button>
      </Stack>
    </form>
  );
}

function KeyForm() {
  const [key, setKey] = useState('');
  const goOn = useContinue();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    saveApiKey(key.trim());
    goOn();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <Text size="sm">{texts.signIn.keyDetail}</Text>
        <PasswordInput
          label={texts.signIn.key}
          value={key}
          onChange={(event) => setKey(event.currentTarget.value)}
          required
          data-autofocus
        />
        <Button type="submit">{texts.signIn.submitKey}</Button>
      </Stack>
    </form>
  );
}
