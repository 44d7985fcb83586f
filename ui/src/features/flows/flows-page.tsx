import { Button } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { IconFileImport, IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { damagedFlowsQuery, deleteFlow, flowsQuery } from '@/api/flows';
import type { Flow } from '@/api/types';
import { InFolder, useMay } from '@/api/use-may';
import { useCommands } from '@/components/commands/page-commands';
import { DamagedList } from '@/components/damaged-list';
import { LiveMark } from '@/components/live-mark';
import { Page } from '@/components/page';
import { ProblemCard } from '@/components/problem-card';
import { ReasonedButton } from '@/components/reasoned-button';
import { texts as common } from '@/lib/texts';
import { startTour, useTour } from '@/lib/tour';
import { DeleteModal, ImportModal, MoveModal, NewFlowModal, RunModal, SettingsModal, VersionsDrawer } from './dialogs';
import { fittingFlows, hasFilters } from './list/filter-flows';
import { FlowFilterBar } from './list/flow-filter-bar';
import { FlowList } from './list/flow-list';
import { FolderBar } from './list/folder-bar';
import { subfoldersOf } from './list/folders';
import { ListSkeleton } from './list/list-skeleton';
import { NoFlows } from './list/no-flows';
import { texts } from './list/texts';
import type { FlowCommand } from './list/use-flow-commands';
import { useLiveRecent } from './list/use-live-recent';
import type { FlowsSearch } from './search';

const route = getRouteApi('/studio/flows');

type Dialog = { kind: FlowCommand; flow: Flow } | { kind: 'new' | 'import' };

/** All flows, with their recent executions and actions. */
export function FlowsPage() {
  const search = route.useSearch();
  return (
    <InFolder value={search.folder ?? null}>
      <Flows search={search} />
    </InFolder>
  );
}

function Flows({ search }: { search: FlowsSearch }) {
  const navigate = route.useNavigate();
  const flows = useQuery(flowsQuery());
  const damaged = useQuery(damagedFlowsQuery());
  const state = useLiveRecent();
  const tour = useTour();
  const shown = useMemo(() => fittingFlows(flows.data ?? [], search), [flows.data, search]);
  // A dialog keeps its content while it fades out; only `opened` changes.
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const [opened, setOpened] = useState(false);
  const open = (next: Dialog) => {
    setDialog(next);
    setOpened(true);
  };
  const close = () => setOpened(false);
  const change = (next: FlowsSearch) => void navigate({ search: next, replace: true });
  const hasFolders = !hasFilters(search) && subfoldersOf(flows.data ?? [], search.folder).length > 0;
  const { may, why } = useMay('edit_flows');
  useCommands([
    {
      id: 'flow-new',
      group: texts.title,
      label: texts.new,
      icon: IconPlus,
      keys: 'N',
      reason: why,
      run: () => open({ kind: 'new' }),
    },
    {
      id: 'flow-import',
      group: texts.title,
      label: texts.import,
      icon: IconFileImport,
      reason: why,
      run: () => open({ kind: 'import' }),
    },
  ]);
  useHotkeys([['N', () => may && open({ kind: 'new' })]]);

  return (
    <Page
      title={texts.title}
      beside={<LiveMark state={state} />}
      actions={
        <>
          {tour === 'new' && may && (
            <Button variant="subtle" onClick={startTour}>
              {common.help.tour}
            </Button>
          )}
          <ReasonedButton
            reason={why}
            variant="default"
            leftSection={<IconFileImport size={15} aria-hidden />}
            onClick={() => open({ kind: 'import' })}
          >
            {texts.import}
          </ReasonedButton>
          <ReasonedButton
            reason={why}
            leftSection={<IconPlus size={15} aria-hidden />}
            onClick={() => open({ kind: 'new' })}
          >
            {texts.new}
          </ReasonedButton>
        </>
      }
    >
      <FlowFilterBar flows={flows.data} search={search} onChange={change} />
      <DamagedList
        damaged={damaged.data}
        advice={common.damaged.deleteAdvice}
        onDelete={may ? deleteFlow : undefined}
      />
      <FolderBar flows={flows.data ?? []} search={search} />
      {flows.isPending && <ListSkeleton view={search.view ?? 'cards'} />}
      {flows.isError && !flows.data && <ProblemCard problem={flows.error} onRetry={() => void flows.refetch()} />}
      {flows.isSuccess && shown.length === 0 && !hasFolders && (
        <NoFlows
          isFiltered={hasFilters(search)}
          isEmpty={flows.data.length === 0}
          isFolder={search.folder !== undefined}
          whyNotNew={why}
          onClear={() => change({ view: search.view, folder: search.folder })}
          onNew={() => open({ kind: 'new' })}
          onImport={() => open({ kind: 'import' })}
        />
      )}
      {shown.length > 0 && (
        <FlowList
          flows={shown}
          view={search.view ?? 'cards'}
          isLive={state === 'live'}
          folder={search.folder}
          onCommand={(kind, flow) => open({ kind, flow })}
        />
      )}
      <Dialogs dialog={dialog} folder={search.folder} opened={opened} onClose={close} />
    </Page>
  );
}

interface DialogsProps {
  dialog: Dialog | null;
  /** Where new flows are made. */
  folder: string | undefined;
  opened: boolean;
  onClose: () => void;
}

function Dialogs({ dialog, folder, opened, onClose }: DialogsProps) {
  if (!dialog) return null;
  if (!('flow' in dialog)) return <DialogOf dialog={dialog} folder={folder} opened={opened} onClose={onClose} />;
  return (
    <InFolder value={dialog.flow.folder}>
      <DialogOf dialog={dialog} folder={folder} opened={opened} onClose={onClose} />
    </InFolder>
  );
}

function DialogOf({ dialog, folder, opened, onClose }: DialogsProps & { dialog: Dialog }) {
  const frame = { opened, onClose };
  switch (dialog.kind) {
    case 'run':
      return <RunModal flow={dialog.flow} {...frame} />;
    case 'settings':
      return <SettingsModal flow={dialog.flow} {...frame} />;
    case 'versions':
      return <VersionsDrawer flow={dialog.flow} {...frame} />;
    case 'delete':
      return <DeleteModal flow={dialog.flow} {...frame} />;
    case 'move':
      return <MoveModal flow={dialog.flow} {...frame} />;
    case 'new':
      return <NewFlowModal folder={folder} {...frame} />;
    case 'import':
      return <ImportModal folder={folder} {...frame} />;
  }
}
