import { Button, Stack } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { beginAtProvider, type Provider } from '@/api/account';
import { goTo } from '@/lib/go-to';
import { ProblemCard } from './problem-card';

interface ProviderButtonsProps {
  providers: readonly Provider[];
  /** What is on each button. */
  label: (provider: string) => string;
  /** The page that is shown afterwards. */
  returnTo: string;
  /** The token of an invitation that is accepted so. */
  invitation?: string;
}

/** Buttons with which somebody goes to a provider to sign in. */
export function ProviderButtons({ providers, label, returnTo, invitation }: ProviderButtonsProps) {
  const begin = useMutation({
    mutationFn: (provider: string) =>
      beginAtProvider(provider, { return_to: returnTo, ...(invitation !== undefined && { invitation }) }),
    onSuccess: (url) => goTo(url),
  });
  return (
    <Stack gap="sm">
      {providers.map(({ id, label: name }) => (
        <Button
          key={id}
          variant="default"
          loading={(begin.isPending || begin.isSuccess) && begin.variables === id}
          onClick={() => begin.mutate(id)}
        >
          {label(name)}
        </Button>
      ))}
      {begin.isError && <ProblemCard problem={begin.error} />}
    </Stack>
  );
}
