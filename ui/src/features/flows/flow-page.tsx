import { IconFolderSymlink, IconGitCompare } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { draftQuery, type FlowDraft } from '@/api/flow-drafts';
import { flowQuery } from '@/api/flows';
import type { Flow } from '@/api/types';
import { InFolder, useMay } from '@/api/use-may';
import type { Command } from '@/components/commands/command';
import { useCommands } from '@/components/commands/page-commands';
import { Page } from '@/components/page';
import { BlockSkeleton } from '@/components/skeletons';
import { texts as common } from '@/lib/texts';
import { CompareModal, MoveModal, RunModal, SettingsModal, VersionsDrawer } from './dialogs';
import { Editor } from './editor/editor';
import { MissingFlow } from './missing-flow';
import { texts } from './texts';

const route = getRouteApi('/studio/flows/$flowId');

type Opened = 'settings' | 'versions' | 'run' | 'move';

/** One flow: its editor, with running, settings and versions. */
export function FlowPage() {
  const { flowId } = route.useParams();
  const { run } = route.useSearch();
  const flow = useQuery(flowQuery(flowId));
  if (flow.data) {
    return (
      <InFolder value={flow.data.folder}>
        <FoundFlow key={flowId} flow={flow.data} first={run ? 'run' : null} />
      </InFolder>
    );
  }
  return (
    <Page title={texts.label}>
      {flow.isPending ? (
        <BlockSkeleton height={480} />
      ) : (
        <MissingFlow error={flow.error} onRetry={() => void flow.refetch()} />
      )}
    </Page>
  );
}

interface FoundFlowProps {
  flow: Flow;
  /** The dialog that is open at first. */
  first: Opened | null;
}

/** Waits for the draft of the flow. Without an answer about it, the saved version is shown. */
function FoundFlow(props: FoundFlowProps) {
  const { may, isKnown } = useMay('edit_flows');
  const draft = useQuery({ ...draftQuery(props.flow.id), enabled: may && isKnown });
  if (isKnown && (!may || !draft.isPending)) return <LoadedFlow {...props} kept={draft.data ?? null} />;
  return (
    <Page title={texts.label}>
      <BlockSkeleton height={480} />
    </Page>
  );
}

interface LoadedFlowProps extends FoundFlowProps {
  /** The draft that the server has of it. */
  kept: FlowDraft | null;
}

function LoadedFlow({ flow, kept, first }: LoadedFlowProps) {
  const queries = useQueryClient();
  const [opened, setOpened] = useState<Opened | null>(first);
  const close = () => setOpened(null);
  const { compare } = route.useSearch();
  const navigate = route.useNavigate();
  const show = (pair: string | undefined) => void navigate({ search: (now) => ({ ...now, compare: pair }) });
  const { why } = useMay('edit_flows');
  const before = flow.version - 1;
  const compareThem: Command = {
    id: 'flow-compare',
    group: texts.commands.group,
    label: texts.commands.compare,
    words: texts.commands.compareWords,
    icon: IconGitCompare,
    isSearched: true,
    run: () => show(`${before}-${flow.version}`),
  };
  const move: Command = {
    id: 'flow-move',
    group: texts.commands.group,
    label: texts.commands.move,
    icon: IconFolderSymlink,
    reason: why,
    isSearched: true,
    run: () => setOpened('move'),
  };
  useCommands(before > 0 ? [compareThem, move] : [move]);
  return (
    <>
      <title>{`${flow.name} · ${common.product}`}</title>
      <Editor
        flow={flow}
        kept={kept}
        onSettings={() => setOpened('settings')}
        onVersions={() => setOpened('versions')}
        onRun={() => setOpened('run')}
      />
      <SettingsModal
        flow={flow}
        opened={opened === 'settings'}
        onClose={close}
        onSaved={(saved) => queries.setQueryData(flowQuery(flow.id).queryKey, saved)}
      />
      <VersionsDrawer flow={flow} opened={opened === 'versions'} onClose={close} />
      <RunModal flow={flow} opened={opened === 'run'} onClose={close} />
      {opened === 'move' && <MoveModal flow={flow} opened onClose={close} />}
      {compare !== undefined && (
        <CompareModal flow={flow} pair={compare} onPair={show} onClose={() => show(undefined)} />
      )}
    </>
  );
}
