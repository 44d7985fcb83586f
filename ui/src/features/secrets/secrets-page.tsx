import { Modal } from '@mantine/core';
import { IconKey, IconLock, IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { secretsQuery, secretUsesQuery } from '@/api/secrets';
import { useMay } from '@/api/use-may';
import { EmptyState } from '@/components/empty-state';
import { Page } from '@/components/page';
import { Panel } from '@/components/panel';
import { ProblemCard } from '@/components/problem-card';
import { Prose } from '@/components/prose';
import { ReasonedButton } from '@/components/reasoned-button';
import { RowsSkeleton } from '@/components/skeletons';
import { DeleteForm } from './delete-form';
import { Outcome } from './outcome';
import { rowsOf, type SecretRow } from './rows';
import { readSecretsSearch } from './search';
import { SecretForm } from './secret-form';
import { SecretTable } from './secret-table';
import { texts } from './texts';

/** The secrets, and where they are used. The one that is to be set is in the address. */
export function SecretsPage() {
  const sees = useMay('view_secrets');
  const manages = useMay('manage_secrets');
  const navigate = useNavigate();
  const open = (set: string | undefined) => void navigate({ to: '/secrets', search: { set } });
  const add = (
    <ReasonedButton reason={manages.why} leftSection={<IconPlus size={16} aria-hidden />} onClick={() => open(NEW)}>
      {texts.add}
    </ReasonedButton>
  );
  return (
    <Page title={texts.title} detail={texts.detail} actions={sees.may ? add : undefined}>
      {!sees.isKnown && <RowsSkeleton rows={5} height={52} />}
      {sees.isKnown && sees.may && <Secrets onOpen={open} />}
      {!sees.may && <EmptyState icon={IconLock} title={texts.whoCannot} detail={sees.why} />}
    </Page>
  );
}

/** What the address has for a secret whose name is still to be said: no name. */
const NEW = '-';

function Secrets({ onOpen }: { onOpen: (set: string | undefined) => void }) {
  const manages = useMay('manage_secrets');
  const secrets = useQuery(secretsQuery());
  const uses = useQuery(secretUsesQuery());
  const search = readSecretsSearch(useSearch({ strict: false }));
  const { set } = search;
  const [removed, setRemoved] = useState<SecretRow | null>(null);
  const isKnown = secrets.isSuccess && !uses.isPending;
  const rows = isKnown ? rowsOf(secrets.data, uses.data ?? []) : [];
  const isSetting = set !== undefined && manages.may && secrets.isSuccess;
  const title = set === NEW || set === undefined ? texts.form.add : texts.form.set(set);
  return (
    <>
      {!isKnown && !secrets.isError && <RowsSkeleton rows={5} height={52} />}
      {secrets.isError && <ProblemCard problem={secrets.error} onRetry={() => void secrets.refetch()} />}
      {secrets.isSuccess && <Outcome search={search} secrets={secrets.data} onClose={() => onOpen(undefined)} />}
      {uses.isError && <ProblemCard problem={uses.error} onRetry={() => void uses.refetch()} />}
      {isKnown && rows.length === 0 && (
        <EmptyState icon={IconKey} title={texts.empty} detail={<Prose text={texts.emptyDetail} />}>
          <ReasonedButton reason={manages.why} variant="default" onClick={() => onOpen(NEW)}>
            {texts.add}
          </ReasonedButton>
        </EmptyState>
      )}
      {rows.length > 0 && (
        <Panel flush>
          <SecretTable rows={rows} onSet={onOpen} onDelete={setRemoved} />
        </Panel>
      )}
      <Modal
        opened={isSetting}
        onClose={() => onOpen(undefined)}
        title={title}
        closeButtonProps={{ 'aria-label': texts.form.cancel }}
      >
        {isSetting && (
          <SecretForm
            key={set}
            name={set === NEW ? null : set}
            secrets={secrets.data}
            onDone={() => onOpen(undefined)}
          />
        )}
      </Modal>
      <Modal
        opened={removed !== null}
        onClose={() => setRemoved(null)}
        title={texts.remove.title}
        closeButtonProps={{ 'aria-label': texts.remove.no }}
      >
        {removed && <DeleteForm row={removed} isUseKnown={uses.isSuccess} onDone={() => setRemoved(null)} />}
      </Modal>
    </>
  );
}
