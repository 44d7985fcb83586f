import { ActionIcon, Drawer } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { ReactFlowProvider, useReactFlow } from '@xyflow/react';
import { useEffect, useState } from 'react';
import type { Flow } from '@/api/types';
import { ProblemCard } from '@/components/problem-card';
import { BlockSkeleton } from '@/components/skeletons';
import { Canvas } from './canvas';
import { ConflictBar } from './conflict-bar';
import { DraftContext, useDraftStore } from './draft-context';
import { createDraftStore, isDirty } from './draft-store';
import classes from './editor.module.css';
import { Inspector } from './inspector';
import { JsonPane } from './json-pane';
import { layout } from './layout';
import { LeaveGuard } from './leave-guard';
import type { NodeType } from './node-types';
import { Palette } from './palette';
import { Problems } from './problems';
import { nodeTypesQuery } from './queries';
import { whyNotRunnable, whyNotSavable } from './reasons';
import { texts } from './texts';
import { Toolbar } from './toolbar';
import { useSave } from './use-save';
import { useShortcuts } from './use-shortcuts';
import { fitOf } from './view';
import { watchFaults } from './watch-faults';

interface EditorProps {
  flow: Flow;
  onSettings: () => void;
  onVersions: () => void;
  /** Called when what is drawn is saved and may run. */
  onRun: () => void;
}

const NO_TYPES: readonly NodeType[] = [];

/** The editor of one flow: the draft lives as long as it does. */
export function Editor(props: EditorProps) {
  const { flow } = props;
  const [store] = useState(() => createDraftStore(flow));
  useEffect(() => watchFaults(store, flow.name), [store, flow.name]);
  useEffect(() => store.getState().receive(flow), [store, flow]);
  return (
    <DraftContext value={store}>
      <ReactFlowProvider>
        <Workbench {...props} />
      </ReactFlowProvider>
    </DraftContext>
  );
}

function Workbench({ flow, onSettings, onVersions, onRun }: EditorProps) {
  const store = useDraftStore();
  const types = useQuery(nodeTypesQuery());
  const save = useSave(flow.id);
  const { fitView } = useReactFlow();
  const isNarrow = useMediaQuery('(max-width: 860px)', false, { getInitialValueInEffect: false });
  const [isJsonOpen, setJsonOpen] = useState(false);
  const [isPaletteOpen, setPaletteOpen] = useState(false);

  const trySave = () => {
    const reason = whyNotSavable(store.getState(), save.isPending);
    if (!reason) return save.mutate();
    if (reason !== texts.reasons.saving) notifications.show({ id: 'flow-saved', message: reason });
  };
  const run = async () => {
    if (whyNotRunnable(store.getState(), flow.status, save.isPending)) return;
    if (isDirty(store.getState())) await save.mutateAsync();
    onRun();
  };
  const layOut = async () => {
    store.getState().apply(await layout(store.getState().present));
    requestAnimationFrame(() => void fitView({ ...fitOf(store.getState()), duration: 200 }));
  };
  // A text that could not be read leaves with its pane.
  const toggleJson = () => {
    store.getState().setJsonFault(null);
    setJsonOpen(!isJsonOpen);
  };
  useShortcuts(trySave);

  return (
    <div className={classes.editor}>
      <Toolbar
        flow={flow}
        isSaving={save.isPending}
        isJsonOpen={isJsonOpen}
        onToggleJson={toggleJson}
        onLayout={() => void layOut()}
        onSave={trySave}
        onRun={() => run().catch(() => undefined)}
        onSettings={onSettings}
        onVersions={onVersions}
      />
      <ConflictBar />
      {isJsonOpen ? (
        <div className={classes.json}>
          <JsonPane />
        </div>
      ) : (
        !isNarrow && (
          <div className={classes.side}>
            {types.isPending && <BlockSkeleton height={360} />}
            {types.isError && <ProblemCard problem={types.error} onRetry={() => void types.refetch()} />}
            {types.data && <Palette types={types.data.types} />}
          </div>
        )
      )}
      <div className={classes.stage}>
        <Canvas types={types.data?.types ?? NO_TYPES} isNarrow={isNarrow} />
        <Inspector catalogue={types.data} isNarrow={isNarrow} flow={flow} />
        <Problems />
        {isNarrow && (
          <ActionIcon
            className={classes.add}
            size={44}
            radius="xl"
            variant="filled"
            color="steady"
            aria-label={texts.palette.add}
            onClick={() => setPaletteOpen(true)}
          >
            <IconPlus size={20} aria-hidden />
          </ActionIcon>
        )}
      </div>
      <Drawer
        opened={isNarrow && isPaletteOpen}
        onClose={() => setPaletteOpen(false)}
        position="bottom"
        size="70%"
        title={texts.palette.add}
        closeButtonProps={{ 'aria-label': texts.palette.close }}
      >
        {types.data && <Palette types={types.data.types} onAdded={() => setPaletteOpen(false)} />}
      </Drawer>
      <LeaveGuard isSaving={save.isPending} onSave={() => save.mutateAsync()} />
    </div>
  );
}
