import { Button, Table } from '@mantine/core';
import type { Tenant } from '@/api/tenants';
import { ProblemCard } from '@/components/problem-card';
import table from '@/components/record-table.module.css';
import { RelativeTime } from '@/components/relative-time';
import { limitsOf } from './limits';
import { useChangeTenant } from './queries';
import type { Question } from './question';
import { texts } from './texts';

interface TenantTableProps {
  tenants: readonly Tenant[];
  onAsk: (question: Question, tenant: Tenant) => void;
}

/** The tenants, one per row. */
export function TenantTable({ tenants, onAsk }: TenantTableProps) {
  const { columns } = texts;
  return (
    <Table verticalSpacing="sm" horizontalSpacing="md" className={table.table}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{columns.name}</Table.Th>
          <Table.Th>{columns.state}</Table.Th>
          <Table.Th>{columns.limits}</Table.Th>
          <Table.Th>{columns.made}</Table.Th>
          <Table.Th>
            <span className="visually-hidden">{columns.actions}</span>
          </Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {tenants.map((tenant) => (
          <Row key={tenant.id} tenant={tenant} onAsk={(question) => onAsk(question, tenant)} />
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Row({ tenant, onAsk }: { tenant: Tenant; onAsk: (question: Question) => void }) {
  const { columns } = texts;
  const { name, is_default: isDefault, created_at: createdAt } = tenant;
  const limits = limitsOf(tenant);
  return (
    <Table.Tr>
      <Table.Td>
        <div className={table.name}>{name}</div>
        {isDefault && <div className={table.soft}>{texts.runsServer}</div>}
      </Table.Td>
      <Table.Td data-label={columns.state}>
        <State tenant={tenant} />
      </Table.Td>
      <Table.Td data-label={columns.limits}>
        {limits.length === 0 && texts.unlimited}
        <ul className={table.list}>
          {limits.map((limit) => (
            <li key={limit}>{limit}</li>
          ))}
        </ul>
      </Table.Td>
      <Table.Td data-label={columns.made}>{createdAt && <RelativeTime time={createdAt} />}</Table.Td>
      <Table.Td className={table.actions} role="group" aria-label={texts.actionsOf(name)}>
        <Actions tenant={tenant} onAsk={onAsk} />
      </Table.Td>
    </Table.Tr>
  );
}

function State({ tenant }: { tenant: Tenant }) {
  const { states } = texts;
  if (tenant.deleting_since) return <Mark tone="danger" text={states.deleting} />;
  if (tenant.cancelling_since) return <Mark tone="warning" text={states.cancelling} />;
  if (tenant.disabled_at) return <Mark tone="muted" text={states.disabled} />;
  return <Mark tone="success" text={states.active} />;
}

function Mark({ tone, text }: { tone: string; text: string }) {
  return (
    <span className={table.mark} data-tone={tone}>
      {text}
    </span>
  );
}

function Actions({ tenant, onAsk }: { tenant: Tenant; onAsk: (question: Question) => void }) {
  const change = useChangeTenant();
  const { id, is_default: isDefault, disabled_at: disabledAt } = tenant;
  if (tenant.deleting_since) return null;
  return (
    <>
      <Button size="xs" variant="default" onClick={() => onAsk('quota')}>
        {texts.quota}
      </Button>
      {!isDefault && !disabledAt && (
        <Button size="xs" variant="default" onClick={() => onAsk('disable')}>
          {texts.disable}
        </Button>
      )}
      {disabledAt && (
        <>
          <Button
            size="xs"
            variant="default"
            loading={change.isPending}
            onClick={() => change.mutate({ id, disabled: false })}
          >
            {texts.enable}
          </Button>
          <Button size="xs" variant="subtle" color="red" onClick={() => onAsk('delete')}>
            {texts.delete}
          </Button>
        </>
      )}
      {change.isError && <ProblemCard problem={change.error} />}
    </>
  );
}
