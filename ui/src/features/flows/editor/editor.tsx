import { useElementSize, useMediaQuery } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { useQuery } from '@tanstack/react-query';
import { ReactFlowProvider } from '@xyflow/react';
import { useCallback, useEffect, useState } from 'react';
import type { FlowDraft } from '@/api/flow-drafts';
import type { OtherTab } from '@/api/flow-presence';
import type { Flow } from '@/api/types';
import { useMay } from '@/api/use-may';
import { ProblemCard } from '@/components/problem-card';
import { BlockSkeleton } from '@/components/skeletons';
import { createBench } from './bench/bench';
import { BenchContext } from './bench/bench-context';
import { TestingContext, useTesting } from './bench/use-testing';
import { AddNodeDrawer } from './canvas/add-node-drawer';
import { Canvas } from './canvas/canvas';
import { type Asking, CanvasDialog } from './canvas/dialogs';
import { Palette } from './canvas/palette';
import { Problems } from './canvas/problems';
import { useCanvasActions } from './canvas/use-actions';
import { CodeModal } from './code/code-modal';
import { ConflictBar } from './conflict-bar';
import { DraftContext, useDraft, useDraftStore } from './document/draft-context';
import { createDraftStore, isDirty } from './document/draft-store';
import type { NodeType } from './document/node-types';
import { nodeTypesQuery } from './document/queries';
import { watchFaults } from './document/watch-faults';
import classes from './editor.module.css';
import { Dock } from './inspector/dock';
import { arrange, setOpen, usePanes } from './inspector/panes';
import { JsonPane } from './json-pane';
import { createKeeper } from './keeping/keeper';
import { KeeperContext } from './keeping/keeper-context';
import { readLocalCopy } from './keeping/local-copy';
import { openingOf } from './keeping/opening';
import { useListed } from './keeping/use-listed';
import { usePresence } from './keeping/use-presence';
import { KeepingBar } from './keeping-bar';
import { LeaveGuard } from './leave-guard';
import { whyNotRunnable, whyNotSavable } from './reasons';
import { SaveWithNote } from './save-with-note';
import { ChainBar } from './test/chain-bar';
import { texts } from './texts';
import { Toolbar } from './toolbar';
import { useSave } from './use-save';
import { useShortcuts } from './use-shortcuts';

interface EditorProps {
  flow: Flow;
  /** The draft that the server has of it. */
  kept: FlowDraft | null;
  onSettings: () => void;
  onVersions: () => void;
  /** Called when the draft is saved and can run. */
  onRun: () => void;
}

const NO_TYPES: readonly NodeType[] = [];
const PALETTE_WIDTH = 188;
const JSON_WIDTH = 560;
/** With less room for the canvas, the palette makes way. */
const CANVAS_CRAMPED = 300;

/** The editor of one flow; the draft exists while it is mounted. */
export function Editor(props: EditorProps) {
  const { flow, kept } = props;
  const [opening] = useState(() => openingOf(flow, kept, readLocalCopy(flow.id)));
  const [store] = useState(() => createDraftStore(flow, opening.draft));
  const [keeper] = useState(() => createKeeper(flow.id, store, opening));
  // What may be sensitive is not stored in the browser.
  const [bench] = useState(() => createBench(flow.id, !flow.sensitive));
  const { name, retry_on_failure, retry_count, timeout_seconds } = flow;
  const { may, isKnown } = useMay('edit_flows');
  const isChecked = may && isKnown;
  useEffect(() => {
    // Who cannot save has nothing to correct.
    if (isChecked) return watchFaults(store, { name, retry_on_failure, retry_count, timeout_seconds });
  }, [store, isChecked, name, retry_on_failure, retry_count, timeout_seconds]);
  useEffect(() => store.getState().receive(flow), [store, flow]);
  useEffect(() => (isChecked ? keeper.start() : undefined), [keeper, isChecked]);
  const others = usePresence(flow.id, keeper, isChecked);
  useListed(keeper);
  return (
    <DraftContext value={store}>
      <KeeperContext value={may ? keeper : null}>
        <BenchContext value={bench}>
          <ReactFlowProvider>
            <Workbench {...props} others={others} />
          </ReactFlowProvider>
        </BenchContext>
      </KeeperContext>
    </DraftContext>
  );
}

interface WorkbenchProps extends EditorProps {
  /** Where else the flow is open. */
  others: readonly OtherTab[];
}

function Workbench({ flow, others, onSettings, onVersions, onRun }: WorkbenchProps) {
  const store = useDraftStore();
  const types = useQuery(nodeTypesQuery());
  const save = useSave(flow.id);
  const edits = useMay('edit_flows');
  const runs = useMay('run_flows');
  const actions = useCanvasActions();
  const [asking, setAsking] = useState<Asking | null>(null);
  const isNarrow = useMediaQuery('(max-width: 860px)', false, { getInitialValueInEffect: false });
  const [isJsonOpen, setJsonOpen] = useState(false);
  const [isCodeOpen, setCodeOpen] = useState(false);

  const [isNoting, setNoting] = useState(false);
  const ifSavable = (then: () => void) => () => {
    const reason = edits.why ?? whyNotSavable(store.getState(), save.isPending);
    if (!reason) return then();
    if (reason !== texts.reasons.saving) notifications.show({ id: 'flow-saved', message: reason });
  };
  const trySave = ifSavable(() => save.mutate(undefined));
  const trySaveWithNote = ifSavable(() => setNoting(true));
  const run = async () => {
    if (runs.why ?? whyNotRunnable(store.getState(), flow.status, save.isPending)) return;
    if (isDirty(store.getState()) && !edits.may) return;
    if (isDirty(store.getState())) await save.mutateAsync(undefined);
    onRun();
  };
  // Invalid JSON is dropped when the pane closes.
  const toggleJson = () => {
    store.getState().setJsonFault(null);
    setJsonOpen(!isJsonOpen);
  };
  const tryRun = () => void run().catch(() => undefined);
  const show = useCallback(
    (id: string) => {
      setOpen('output', true);
      store.getState().select({ nodes: [id] });
      actions.reveal(id);
    },
    [store, actions],
  );
  const testing = useTesting(flow, show);
  useShortcuts({ actions, testing, onSave: trySave, onSaveWithNote: trySaveWithNote, onRun: tryRun, onAsk: setAsking });

  const editor = useElementSize();
  const hasDock = useDraft(({ selection }) => selection.nodes.length + selection.edges.length > 0);
  const width = editor.width || window.innerWidth;
  const side = isJsonOpen ? Math.min(window.innerWidth * 0.42, JSON_WIDTH) : PALETTE_WIDTH;
  const arrangement = arrange(usePanes(), width - side);
  // Nodes are still added by key and by the button on the canvas.
  const isCramped = hasDock && !isJsonOpen && width - side - arrangement.total < CANVAS_CRAMPED;

  return (
    <TestingContext value={testing}>
      <div className={classes.editor} ref={editor.ref}>
        <Toolbar
          flow={flow}
          others={others}
          isSaving={save.isPending}
          isJsonOpen={isJsonOpen}
          onToggleJson={toggleJson}
          actions={actions}
          onAsk={setAsking}
          onSave={trySave}
          onSaveWithNote={trySaveWithNote}
          onCode={() => setCodeOpen(true)}
          onRun={tryRun}
          onSettings={onSettings}
          onVersions={onVersions}
        />
        <ConflictBar />
        <KeepingBar />
        {isJsonOpen ? (
          <div className={classes.json}>
            <JsonPane />
          </div>
        ) : (
          !isNarrow &&
          !isCramped && (
            <div className={classes.side}>
              {types.isPending && <BlockSkeleton height={360} />}
              {types.isError && <ProblemCard problem={types.error} onRetry={() => void types.refetch()} />}
              {types.data && <Palette types={types.data.types} />}
            </div>
          )
        )}
        <div className={classes.stage}>
          <Canvas
            flowId={flow.id}
            flowName={flow.name}
            types={types.data?.types ?? NO_TYPES}
            isNarrow={isNarrow}
            actions={actions}
            onAsk={setAsking}
          />
          <div className={classes.bottom}>
            <ChainBar onShow={show} />
            <Problems />
          </div>
          {(isNarrow || isCramped) && <AddNodeDrawer types={types.data?.types ?? NO_TYPES} />}
        </div>
        <Dock catalogue={types.data} isNarrow={isNarrow} flow={flow} arrangement={arrangement} />
        {asking && (
          <CanvasDialog asking={asking} types={types.data?.types ?? NO_TYPES} onClose={() => setAsking(null)} />
        )}
        <CodeModal flow={flow} opened={isCodeOpen} onClose={() => setCodeOpen(false)} />
        <LeaveGuard isSaving={save.isPending} onSave={() => save.mutateAsync(undefined)} />
        <SaveWithNote opened={isNoting} onClose={() => setNoting(false)} onSave={(note) => save.mutate(note)} />
      </div>
    </TestingContext>
  );
}
