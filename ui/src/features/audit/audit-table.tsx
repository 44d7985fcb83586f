import { Anchor, Table, Tooltip } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { AuditEntry } from '@/api/audit';
import { flowsQuery } from '@/api/flows';
import table from '@/components/record-table.module.css';
import { visible } from '@/lib/json-text';
import { formatNumber } from '@/lib/locale';
import { own } from '@/lib/own';
import { formatMoment, millis } from '@/lib/time';
import { actionText } from './actions';
import { type AuditRow, resultOf } from './rows';
import { idText, targetOf } from './target';
import { texts } from './texts';

/** The requests for changes, one per row, each with what came of it. */
export function AuditTable({ rows }: { rows: readonly AuditRow[] }) {
  const { columns } = texts;
  return (
    <Table verticalSpacing="sm" horizontalSpacing="md" className={table.table}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{columns.at}</Table.Th>
          <Table.Th>{columns.by}</Table.Th>
          <Table.Th>{columns.action}</Table.Th>
          <Table.Th>{columns.target}</Table.Th>
          <Table.Th>{columns.result}</Table.Th>
          <Table.Th>{columns.address}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {rows.map(({ request, status, made }) => (
          <Table.Tr key={request.number}>
            <Table.Td data-label={columns.at}>
              <time className="tabular" dateTime={request.at}>
                {formatMoment(millis(request.at) ?? 0)}
              </time>
            </Table.Td>
            <Table.Td data-label={columns.by}>
              <bdi>{whoOf(request.by)}</bdi>
            </Table.Td>
            <Table.Td data-label={columns.action}>{actionText(request.action)}</Table.Td>
            <Table.Td data-label={columns.target}>
              <Target path={made ?? request.target} />
            </Table.Td>
            <Table.Td data-label={columns.result}>
              <Result status={status} count={request.refusals ?? 1} />
            </Table.Td>
            <Table.Td data-label={columns.address}>{request.address}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

/** Names who asked: a person by their e-mail address, a key by its beginning. */
function whoOf({ type, id }: AuditEntry['by']): string {
  if (id === null) return own(texts.actors, type) ?? type;
  if (type === 'key') return texts.ofKey(visible(id));
  return type === 'link' ? texts.ofLink(visible(id)) : visible(id);
}

function Target({ path }: { path: string }) {
  const { kind, id, place } = targetOf(path);
  const flows = useQuery({ ...flowsQuery(), enabled: place?.to === '/flows/$flowId' });
  const name = flows.data?.find((flow) => flow.id === id)?.name;
  const shown = (
    <>
      {visible(kind)} {id !== null && <bdi>{visible(name ?? idText(id))}</bdi>}
    </>
  );
  if (place === null) return <span title={path}>{shown}</span>;
  return (
    <Anchor inherit title={path} renderRoot={(props) => <Link {...props} {...place} />}>
      {shown}
    </Anchor>
  );
}

const TONES = { done: 'success', refused: 'warning', failed: 'danger', unknown: 'muted' } as const;

function Result({ status, count }: { status: number | null; count: number }) {
  const result = resultOf(status);
  const text = result === 'refused' || result === 'failed' ? texts.results[result](status ?? 0) : texts.results[result];
  if (result !== 'unknown') {
    return (
      <span className={table.mark} data-tone={TONES[result]}>
        {text}
        {count > 1 && ` × ${formatNumber(count)}`}
      </span>
    );
  }
  return (
    <Tooltip label={texts.results.unknownHint} multiline maw={260}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: so that the hint can be read by keyboard, too. */}
      <span className={table.mark} data-tone={TONES[result]} tabIndex={0} role="note">
        {text} <span className="visually-hidden">{texts.results.unknownHint}</span>
      </span>
    </Tooltip>
  );
}
