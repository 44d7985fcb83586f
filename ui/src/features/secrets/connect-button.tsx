import { notifications } from '@mantine/notifications';
import { useMutation } from '@tanstack/react-query';
import { toProblem } from '@/api/problem';
import { authorizeSecret } from '@/api/secrets';
import { ReasonedButton } from '@/components/reasoned-button';
import { texts } from './texts';

const { oauth: words } = texts;

interface ConnectButtonProps {
  name: string;
  /** Why the person cannot do it; `null` if they can. */
  why: string | null;
  isConnected: boolean;
}

/** Leads to the page of the provider, which leads back here. */
export function ConnectButton({ name, why, isConnected }: ConnectButtonProps) {
  const begin = useMutation({
    mutationFn: () => authorizeSecret(name),
    onSuccess: ({ url }) => window.location.assign(url),
    onError: (error) => notifications.show({ message: toProblem(error).detail, color: 'red' }),
  });
  return (
    <ReasonedButton
      reason={why}
      variant={isConnected ? 'default' : 'filled'}
      loading={begin.isPending}
      aria-label={isConnected ? words.againOf(name) : words.connectOf(name)}
      onClick={() => begin.mutate()}
    >
      {isConnected ? words.again : words.connect}
    </ReasonedButton>
  );
}
