import { Button, Modal } from '@mantine/core';
import { IconLock, IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { accountQuery } from '@/api/account';
import { damagedOf, rowsOf } from '@/api/damaged';
import type { Tenant } from '@/api/tenants';
import { DamagedList } from '@/components/damaged-list';
import { EmptyState } from '@/components/empty-state';
import { Page } from '@/components/page';
import { Panel } from '@/components/panel';
import { ProblemCard } from '@/components/problem-card';
import { Prose } from '@/components/prose';
import { RowsSkeleton } from '@/components/skeletons';
import { texts as common } from '@/lib/texts';
import { CreateForm } from './create-form';
import { DeleteForm } from './delete-form';
import { DisableForm } from './disable-form';
import { tenantsQuery } from './queries';
import type { Question } from './question';
import { QuotaForm } from './quota-form';
import { TenantTable } from './tenant-table';
import { texts } from './texts';

/** The tenants of the installation, for those who run it. */
export function TenantsPage() {
  const account = useQuery(accountQuery());
  const may = account.data?.permissions.includes('manage_tenants') && !account.data.is_local;
  return (
    <Page title={texts.title} detail={texts.detail} actions={may ? <Create /> : undefined}>
      {account.isPending && <RowsSkeleton rows={3} height={72} />}
      {account.isError && <ProblemCard problem={account.error} onRetry={() => account.refetch()} />}
      {account.data && !may && <Nothing isLocal={account.data.is_local} />}
      {account.data && may && <Tenants />}
    </Page>
  );
}

function Nothing({ isLocal }: { isLocal: boolean }) {
  const detail = <Prose text={isLocal ? texts.localDetail : texts.notAllowedDetail} />;
  return <EmptyState icon={IconLock} title={isLocal ? texts.local : texts.notAllowed} detail={detail} />;
}

function Create() {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setOpen(true)}>
        {texts.create}
      </Button>
      <Modal
        opened={isOpen}
        onClose={() => setOpen(false)}
        title={texts.form.title}
        closeButtonProps={{ 'aria-label': texts.cancel }}
      >
        {isOpen && <CreateForm onDone={() => setOpen(false)} />}
      </Modal>
    </>
  );
}

function Tenants() {
  const tenants = useQuery({ ...tenantsQuery(), select: rowsOf<Tenant> });
  const damaged = useQuery({ ...tenantsQuery(), select: damagedOf });
  const [asked, setAsked] = useState<{ question: Question; tenant: Tenant } | null>(null);
  const close = () => setAsked(null);
  return (
    <>
      {tenants.isPending && <RowsSkeleton rows={3} height={72} />}
      {tenants.isError && <ProblemCard problem={tenants.error} onRetry={() => tenants.refetch()} />}
      <DamagedList damaged={damaged.data} advice={common.damaged.deleteAdvice} />
      {tenants.data && (
        <Panel flush>
          <TenantTable tenants={tenants.data} onAsk={(question, tenant) => setAsked({ question, tenant })} />
        </Panel>
      )}
      <Modal
        opened={asked !== null}
        onClose={close}
        title={asked && titleOf(asked.question, asked.tenant.name)}
        closeButtonProps={{ 'aria-label': texts.cancel }}
      >
        {asked?.question === 'quota' && <QuotaForm tenant={asked.tenant} onDone={close} />}
        {asked?.question === 'disable' && <DisableForm tenant={asked.tenant} onDone={close} />}
        {asked?.question === 'delete' && <DeleteForm tenant={asked.tenant} onDone={close} />}
      </Modal>
    </>
  );
}

function titleOf(question: Question, name: string): string {
  const titles = { quota: texts.limit.title, disable: texts.stop.title, delete: texts.remove.title };
  return titles[question](name);
}
