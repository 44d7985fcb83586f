import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconDownload, IconFilterOff, IconListDetails, IconLock } from '@tabler/icons-react';
import { useInfiniteQuery, useMutation } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import { exportAudit } from '@/api/audit';
import { useMay } from '@/api/use-may';
import { EmptyState } from '@/components/empty-state';
import { Page } from '@/components/page';
import { Panel } from '@/components/panel';
import { ProblemCard } from '@/components/problem-card';
import { RowsSkeleton } from '@/components/skeletons';
import { serverNow } from '@/lib/clock';
import { saveFile } from '@/lib/save-file';
import { texts as common } from '@/lib/texts';
import classes from './audit.module.css';
import { AuditTable } from './audit-table';
import { FilterBar } from './filter-bar';
import { type AuditSearch, hasFilters, readAuditSearch, toApiFilter } from './filters';
import { auditQuery } from './queries';
import { rowsOf } from './rows';
import { texts } from './texts';

/** Who asked for which change, and what came of it. The filters are in the address. */
export function AuditPage() {
  const { may, isKnown, why } = useMay('read_audit');
  const save = useMutation({
    mutationFn: exportAudit,
    onSuccess: (text) => {
      saveFile('audit.jsonl', text, 'application/jsonl');
      notifications.show({ message: texts.exported, color: 'green' });
    },
  });
  const button = (
    <Button
      variant="default"
      leftSection={<IconDownload size={15} aria-hidden />}
      title={texts.exportHint.replaceAll('`', '')}
      loading={save.isPending}
      onClick={() => save.mutate()}
    >
      {texts.export}
    </Button>
  );
  return (
    <Page title={texts.title} detail={texts.detail} actions={may ? button : undefined}>
      {save.isError && <ProblemCard problem={save.error} />}
      {!isKnown && <RowsSkeleton rows={8} height={48} />}
      {isKnown && may && <Log />}
      {!may && <EmptyState icon={IconLock} title={texts.whoCannot} detail={why} />}
    </Page>
  );
}

function Log() {
  const navigate = useNavigate();
  const raw = useSearch({ strict: false });
  const search = useMemo(() => readAuditSearch(raw), [raw]);
  const change = (next: AuditSearch) => void navigate({ to: '/audit', search: next, replace: true });
  const filter = useMemo(() => toApiFilter(search, serverNow()), [search]);
  const log = useInfiniteQuery(auditQuery(filter));
  const rows = useMemo(() => rowsOf(log.data?.pages.flatMap(({ entries }) => entries) ?? []), [log.data]);
  const isEmpty = log.isSuccess && rows.length === 0;
  const clear = (
    <Button variant="default" onClick={() => change({})}>
      {common.actions.clear}
    </Button>
  );
  return (
    <>
      <FilterBar search={search} onChange={change} />
      {log.isPending && <RowsSkeleton rows={8} height={48} />}
      {log.isError && <ProblemCard problem={log.error} onRetry={() => void log.refetch()} />}
      {isEmpty && !log.hasNextPage && !hasFilters(search) && (
        <EmptyState icon={IconListDetails} title={texts.empty} detail={texts.emptyDetail} />
      )}
      {isEmpty && hasFilters(search) && (
        <EmptyState icon={IconFilterOff} title={log.hasNextPage ? texts.emptySoFar : texts.emptyFilter}>
          {clear}
        </EmptyState>
      )}
      {rows.length > 0 && (
        <Panel flush>
          <AuditTable rows={rows} />
        </Panel>
      )}
      {log.hasNextPage && (
        <div className={classes.more}>
          <Button variant="default" loading={log.isFetchingNextPage} onClick={() => void log.fetchNextPage()}>
            {isEmpty ? texts.older : texts.more}
          </Button>
        </div>
      )}
    </>
  );
}
