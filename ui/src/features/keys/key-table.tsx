import { Button, Table, Tooltip } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { flowsQuery } from '@/api/flows';
import type { ApiKey } from '@/api/keys';
import type { Member } from '@/api/members';
import table from '@/components/record-table.module.css';
import { RelativeTime } from '@/components/relative-time';
import { useNow } from '@/lib/clock';
import { visible } from '@/lib/json-text';
import { own } from '@/lib/own';
import { shortId } from '@/lib/short-id';
import { texts as common } from '@/lib/texts';
import { millis } from '@/lib/time';
import { texts } from './texts';

interface KeyTableProps {
  keys: readonly ApiKey[];
  /** Whose keys they can be; `null` where all are one's own. */
  members: readonly Member[] | null;
  /** The id of who looks. */
  ownId: string | null;
  onDelete: (key: ApiKey) => void;
}

/** The keys, one per row. */
export function KeyTable({ keys, members, ownId, onDelete }: KeyTableProps) {
  const { columns } = texts;
  return (
    <Table verticalSpacing="sm" horizontalSpacing="md" className={table.table}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{columns.key}</Table.Th>
          {members && <Table.Th>{columns.owner}</Table.Th>}
          <Table.Th>{columns.role}</Table.Th>
          <Table.Th>{columns.limits}</Table.Th>
          <Table.Th>{columns.expires}</Table.Th>
          <Table.Th>{columns.used}</Table.Th>
          <Table.Th>
            <span className="visually-hidden">{columns.actions}</span>
          </Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {keys.map((key) => (
          <Table.Tr key={key.id}>
            <Table.Td>
              <div className={table.name}>
                <bdi>{visible(key.name)}</bdi>
              </div>
              <div className={`${table.soft} ${table.code}`}>{key.prefix}…</div>
            </Table.Td>
            {members && (
              <Table.Td data-label={columns.owner}>
                <Owner member={members.find(({ id }) => id === key.owner_id)} isOwn={key.owner_id === ownId} />
              </Table.Td>
            )}
            <Table.Td data-label={columns.role}>{own(common.account.roles, key.role) ?? key.role}</Table.Td>
            <Table.Td data-label={columns.limits}>
              <Limits apiKey={key} />
            </Table.Td>
            <Table.Td data-label={columns.expires}>
              <Expiry at={key.expires_at} />
            </Table.Td>
            <Table.Td data-label={columns.used}>
              {key.last_used_at ? <RelativeTime time={key.last_used_at} /> : texts.unused}
              {key.last_used_from && <div className={table.soft}>{texts.from(key.last_used_from)}</div>}
            </Table.Td>
            <Table.Td className={table.actions}>
              <Button
                variant="subtle"
                color="red"
                aria-label={texts.deleteOf(visible(key.name))}
                onClick={() => onDelete(key)}
              >
                {texts.delete}
              </Button>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Owner({ member, isOwn }: { member: Member | undefined; isOwn: boolean }) {
  if (!member) return isOwn ? texts.you : texts.gone;
  const notes = [member.kind === 'service' && texts.program, member.disabled_at !== null && texts.disabled];
  const said = notes.filter((note) => note !== false).join(', ');
  return (
    <div>
      <bdi>{isOwn ? texts.you : visible(member.name)}</bdi>
      {said && <div className={table.soft}>{said}</div>}
    </div>
  );
}

function Limits({ apiKey: { flow_ids: flows, folders, addresses: networks } }: { apiKey: ApiKey }) {
  const known = useQuery({ ...flowsQuery(), enabled: flows !== null });
  if (flows === null && folders === null && networks === null)
    return <span className={table.soft}>{texts.unlimited}</span>;
  const nameOf = (id: string) => known.data?.find((flow) => flow.id === id)?.name ?? texts.goneFlow(shortId(id));
  return (
    <ul className={table.list}>
      {flows !== null && <Limit text={texts.flows(flows.length)} names={flows.map(nameOf)} />}
      {folders !== null && <Limit text={texts.folders(folders.length)} names={folders} />}
      {networks !== null && <Limit text={texts.networks(networks.length)} names={networks} />}
    </ul>
  );
}

function Limit({ text, names }: { text: string; names: readonly string[] }) {
  const all = names.map(visible).join(', ');
  return (
    <li>
      {names.length === 1 ? (
        <bdi>{all}</bdi>
      ) : (
        <Tooltip label={all} multiline maw={320}>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: so that the names can be read by keyboard, too. */}
          <span tabIndex={0} role="note" aria-label={`${text}: ${all}`}>
            {text}
          </span>
        </Tooltip>
      )}
    </li>
  );
}

function Expiry({ at }: { at: string | null }) {
  const end = millis(at);
  const now = useNow(end === null ? 0 : 60_000);
  if (end === null) return texts.never;
  if (end <= now) {
    return (
      <span className={table.mark} data-tone="danger">
        {texts.expired}
      </span>
    );
  }
  return <RelativeTime time={at} />;
}
