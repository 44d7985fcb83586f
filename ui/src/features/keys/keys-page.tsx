import { Modal } from '@mantine/core';
import { IconKey, IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { type Account, accountQuery } from '@/api/account';
import { damagedOf, rowsOf } from '@/api/damaged';
import { type ApiKey, deleteKey, keysQuery } from '@/api/keys';
import { membersQuery } from '@/api/members';
import { DamagedList } from '@/components/damaged-list';
import { EmptyState } from '@/components/empty-state';
import { Page } from '@/components/page';
import { Panel } from '@/components/panel';
import { ProblemCard } from '@/components/problem-card';
import { Prose } from '@/components/prose';
import { ReasonedButton } from '@/components/reasoned-button';
import { RowsSkeleton } from '@/components/skeletons';
import { texts as common } from '@/lib/texts';
import { DeleteForm } from './delete-form';
import { KeyForm } from './key-form';
import { KeyTable } from './key-table';
import classes from './keys.module.css';
import { texts } from './texts';

/** One's own API keys; for admins, everybody's. */
export function KeysPage() {
  const account = useQuery(accountQuery());
  const [isCreating, setCreating] = useState(false);
  const why = account.data ? whyNotCreate(account.data) : null;
  const create = (
    <ReasonedButton reason={why} leftSection={<IconPlus size={16} aria-hidden />} onClick={() => setCreating(true)}>
      {texts.create}
    </ReasonedButton>
  );
  return (
    <Page title={texts.title} detail={texts.detail} actions={account.data && create}>
      {account.isPending && <RowsSkeleton rows={4} height={60} />}
      {account.isError && <ProblemCard problem={account.error} onRetry={() => void account.refetch()} />}
      {account.data?.is_local && (
        <p className={classes.note} data-tone="neutral">
          <Prose text={texts.local} />
        </p>
      )}
      {account.data && (
        <Keys
          account={account.data}
          isCreating={isCreating}
          onCreate={() => setCreating(true)}
          onCreated={() => setCreating(false)}
        />
      )}
    </Page>
  );
}

/** Own keys are of people, and those of service accounts take a permission. */
function whyNotCreate({ kind, permissions }: Account): string | null {
  return kind === 'person' || permissions.includes('manage_keys') ? null : texts.cannot;
}

interface KeysProps {
  account: Account;
  isCreating: boolean;
  onCreate: () => void;
  onCreated: () => void;
}

function Keys({ account, isCreating, onCreate, onCreated }: KeysProps) {
  const whose = account.permissions.includes('manage_keys') ? 'all' : 'own';
  const keys = useQuery({ ...keysQuery(whose), select: rowsOf });
  const damaged = useQuery({ ...keysQuery(whose), select: damagedOf });
  const seesMembers = whose === 'all' && account.permissions.includes('manage_members');
  const members = useQuery({ ...membersQuery(), enabled: seesMembers, select: rowsOf });
  const [removed, setRemoved] = useState<ApiKey | null>(null);
  const services = (members.data ?? []).filter(({ kind }) => kind === 'service').map(({ name }) => name);
  return (
    <>
      {keys.isPending && <RowsSkeleton rows={4} height={60} />}
      {keys.isError && <ProblemCard problem={keys.error} onRetry={() => void keys.refetch()} />}
      <DamagedList
        damaged={damaged.data}
        advice={common.damaged.deleteAdvice}
        onDelete={(id) => deleteKey(id, whose)}
      />
      {keys.data?.length === 0 && (
        <EmptyState icon={IconKey} title={texts.empty} detail={<Prose text={texts.emptyDetail} />}>
          <ReasonedButton reason={whyNotCreate(account)} variant="default" onClick={onCreate}>
            {texts.create}
          </ReasonedButton>
        </EmptyState>
      )}
      {keys.data && keys.data.length > 0 && (
        <Panel flush>
          <KeyTable
            keys={keys.data}
            members={seesMembers ? (members.data ?? []) : null}
            ownId={account.id}
            onDelete={setRemoved}
          />
        </Panel>
      )}
      <Modal
        opened={isCreating}
        onClose={onCreated}
        // A key that was made is not shown again: it is not to be lost by a slip.
        closeOnClickOutside={false}
        title={texts.form.title}
        closeButtonProps={{ 'aria-label': texts.form.cancel }}
      >
        {isCreating && <KeyForm account={account} services={services} onDone={onCreated} />}
      </Modal>
      <Modal
        opened={removed !== null}
        onClose={() => setRemoved(null)}
        title={texts.remove.title}
        closeButtonProps={{ 'aria-label': texts.remove.no }}
      >
        {removed && <DeleteForm apiKey={removed} whose={whose} onDone={() => setRemoved(null)} />}
      </Modal>
    </>
  );
}
