import { Anchor } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useMay } from '@/api/use-may';
import { missingSecretIn } from '@/lib/missing-secret';
import { texts } from '@/lib/texts';

/** Leads from a warning about a missing secret to where it is set; nothing for other warnings, and for those who may not. */
export function SetSecretLink({ message }: { message: string }) {
  const name = missingSecretIn(message);
  const { may } = useMay(name === null ? null : 'manage_secrets');
  if (name === null || !may) return null;
  return (
    <Anchor inherit renderRoot={(props) => <Link {...props} to="/secrets" search={{ set: name }} />}>
      {texts.setSecret(name)}
    </Anchor>
  );
}
