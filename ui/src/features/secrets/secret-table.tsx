import { Table, Tooltip } from '@mantine/core';
import { useMay } from '@/api/use-may';
import { ReasonedButton } from '@/components/reasoned-button';
import table from '@/components/record-table.module.css';
import { RelativeTime } from '@/components/relative-time';
import { ConnectButton } from './connect-button';
import { OauthState } from './oauth-state';
import type { SecretRow } from './rows';
import { texts } from './texts';
import { UsesList } from './uses-list';

interface SecretTableProps {
  rows: readonly SecretRow[];
  onSet: (name: string) => void;
  onDelete: (row: SecretRow) => void;
}

/** The secrets, one per row. */
export function SecretTable({ rows, onSet, onDelete }: SecretTableProps) {
  const { columns } = texts;
  return (
    <Table verticalSpacing="sm" horizontalSpacing="md" className={table.table}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{columns.name}</Table.Th>
          <Table.Th>{columns.source}</Table.Th>
          <Table.Th>{columns.hosts}</Table.Th>
          <Table.Th>{columns.uses}</Table.Th>
          <Table.Th>{columns.updated}</Table.Th>
          <Table.Th>
            <span className="visually-hidden">{columns.actions}</span>
          </Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {rows.map((row) => (
          <Row key={row.name} row={row} onSet={() => onSet(row.name)} onDelete={() => onDelete(row)} />
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Row({ row, onSet, onDelete }: { row: SecretRow; onSet: () => void; onDelete: () => void }) {
  const { name, secret, uses } = row;
  const { why } = useMay('manage_secrets');
  const { columns } = texts;
  const isStored = secret?.source === 'stored';
  return (
    <Table.Tr>
      <Table.Td className={`${table.name} ${table.code}`}>{name}</Table.Td>
      <Table.Td data-label={columns.source}>
        <Source row={row} />
        {secret?.oauth2 && <OauthState oauth2={secret.oauth2} />}
      </Table.Td>
      <Table.Td data-label={columns.hosts}>{secret && <Hosts hosts={secret.hosts} />}</Table.Td>
      <Table.Td data-label={columns.uses}>
        {uses.length > 0 ? <UsesList uses={uses} /> : <span className={table.soft}>{texts.unused}</span>}
      </Table.Td>
      <Table.Td data-label={columns.updated}>
        {secret?.updated_at && (
          <>
            <RelativeTime time={secret.updated_at} />
            <div className={table.soft}>{secret.updated_by && texts.by(secret.updated_by)}</div>
          </>
        )}
      </Table.Td>
      <Table.Td className={table.actions}>
        {secret?.oauth2?.grant === 'authorization_code' && (
          <ConnectButton name={name} why={why} isConnected={secret.oauth2.connection !== 'needs_connection'} />
        )}
        <ReasonedButton reason={why} variant="default" aria-label={texts.setOf(name)} onClick={onSet}>
          {texts.set}
        </ReasonedButton>
        {secret && (
          <ReasonedButton
            reason={why ?? (isStored ? null : texts.notStored)}
            variant="subtle"
            color="red"
            aria-label={texts.deleteOf(name)}
            onClick={onDelete}
          >
            {texts.delete}
          </ReasonedButton>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

function Source({ row: { name, secret } }: { row: SecretRow }) {
  const kind = kindOf(secret);
  const hint = kind === 'environment' ? texts.hint.environment(name) : texts.hint[kind];
  return (
    <Tooltip label={hint} multiline maw={260}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: so that the hint can be read by keyboard, too. */}
      <span className={table.mark} data-tone={TONES[kind]} tabIndex={0} role="note">
        {texts.source[kind]} <span className="visually-hidden">{hint}</span>
      </span>
    </Tooltip>
  );
}

const TONES = { stored: 'success', environment: 'neutral', missing: 'danger', damaged: 'danger' } as const;

function kindOf(secret: SecretRow['secret']): keyof typeof TONES {
  if (secret === null) return 'missing';
  return secret.is_damaged ? 'damaged' : secret.source;
}

function Hosts({ hosts }: { hosts: readonly string[] | null }) {
  if (hosts === null) return texts.allHosts;
  if (hosts.length === 0) return <span title={texts.noHostsHint}>{texts.noHosts}</span>;
  return (
    <ul className={`${table.list} ${table.code}`}>
      {hosts.map((host) => (
        <li key={host}>{host}</li>
      ))}
    </ul>
  );
}
