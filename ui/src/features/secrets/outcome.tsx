import { CloseButton } from '@mantine/core';
import type { Secret } from '@/api/secrets';
import table from '@/components/record-table.module.css';
import type { SecretsSearch } from './search';
import classes from './secrets.module.css';
import { texts } from './texts';

const { oauth: words } = texts;

interface OutcomeProps {
  search: SecretsSearch;
  secrets: readonly Secret[];
  onClose: () => void;
}

/** What came of an authorization, for who comes back from the provider. */
export function Outcome({ search: { authorization, name }, secrets, onClose }: OutcomeProps) {
  if (authorization === undefined) return null;
  const secret = secrets.find((one) => one.name === name);
  const isConnected = authorization === 'connected' && secret !== undefined;
  const error = authorization === 'failed' ? secret?.oauth2?.error : undefined;
  return (
    <div
      className={classes.outcome}
      role={isConnected ? 'status' : 'alert'}
      data-tone={isConnected ? 'success' : 'danger'}
    >
      <div>
        <strong>{isConnected ? words.connected(secret.name) : words.notConnected}</strong>
        <p className={table.text}>{isConnected ? words.connectedDetail : (error ?? words.expired)}</p>
      </div>
      <CloseButton size="sm" aria-label={words.close} onClick={onClose} />
    </div>
  );
}
