import { Button, Modal, PasswordInput, Stack, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { saveApiKey } from '@/api/credentials';
import { reportRefused, useRefused } from '@/lib/session';
import { texts } from '@/lib/texts';

/** Asks for an API key when the server requires one. */
export function SignInGate({ children }: { children: ReactNode }) {
  const refused = useRefused();
  return (
    <>
      {children}
      <Modal opened={refused} onClose={() => undefined} withCloseButton={false} title={texts.signIn.title}>
        {refused && <SignInForm />}
      </Modal>
    </>
  );
}

function SignInForm() {
  const [key, setKey] = useState('');
  const queries = useQueryClient();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    saveApiKey(key.trim());
    reportRefused(false);
    void queries.invalidateQueries();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <Text size="sm">{texts.signIn.detail}</Text>
        <PasswordInput
          label={texts.signIn.key}
          value={key}
          onChange={(event) => setKey(event.target.value)}
          required
          data-autofocus
        />
        <Button type="submit" size="sm">
          {texts.signIn.submit}
        </Button>
      </Stack>
    </form>
  );
}
