import {
  IconArrowBackUp,
  IconArrowForwardUp,
  IconArrowsMaximize,
  IconBinaryTree,
  IconBraces,
  IconCode,
  IconDeviceFloppy,
  IconHistory,
  IconMarquee2,
  IconNote,
  IconPlayerPlay,
  IconPlus,
  IconSearch,
  IconSelectAll,
  IconSettings,
} from '@tabler/icons-react';
import type { Command } from '@/components/commands/command';
import { useCommands } from '@/components/commands/page-commands';
import type { Asking } from './canvas/dialogs';
import { useNodeCommands } from './canvas/dialogs';
import type { CanvasActions } from './canvas/use-actions';
import { useDraft } from './document/draft-context';
import { texts } from './texts';

interface EditorCommands {
  actions: CanvasActions;
  /** Why the flow cannot be saved or run; `null` where it can. */
  notSavable: string | null;
  notRunnable: string | null;
  runLabel: string;
  onAsk: (asking: Asking) => void;
  onToggleJson: () => void;
  onSave: () => void;
  onSaveWithNote: () => void;
  onRun: () => void;
  onCode: () => void;
  onSettings: () => void;
  onVersions: () => void;
}

/** Offers in the palette what can be done in the editor, and the nodes to go to. */
export function useEditorCommands({ actions, onAsk, ...on }: EditorCommands): void {
  const undo = useDraft((state) => state.undo);
  const redo = useDraft((state) => state.redo);
  const whyNotUndo = useDraft((state) => (state.past.length > 0 ? null : texts.reasons.nothingToUndo));
  const whyNotRedo = useDraft((state) => (state.future.length > 0 ? null : texts.reasons.nothingToRedo));
  const whyEmpty = useDraft((state) => (state.graph.nodes.length > 0 ? null : texts.reasons.empty));
  const nodes = useNodeCommands(texts.commands.nodes);
  const { toolbar, commands } = texts;
  const offered: Omit<Command, 'id' | 'group'>[] = [
    { label: on.runLabel, icon: IconPlayerPlay, keys: 'mod+Enter', reason: on.notRunnable, run: on.onRun },
    { label: toolbar.save, icon: IconDeviceFloppy, keys: 'mod+S', reason: on.notSavable, run: on.onSave },
    {
      label: toolbar.saveWithNote,
      icon: IconNote,
      keys: 'mod+shift+S',
      reason: on.notSavable,
      isSearched: true,
      run: on.onSaveWithNote,
    },
    { label: commands.addNode, icon: IconPlus, keys: 'A', run: () => onAsk({ kind: 'add' }) },
    { label: commands.goTo, icon: IconSearch, keys: 'G', reason: whyEmpty, run: () => onAsk({ kind: 'go' }) },
    { label: toolbar.settings, icon: IconSettings, words: commands.settingsWords, run: on.onSettings },
    { label: toolbar.versions, icon: IconHistory, words: commands.versionsWords, run: on.onVersions },
    { label: toolbar.undo, icon: IconArrowBackUp, keys: 'mod+Z', reason: whyNotUndo, isSearched: true, run: undo },
    {
      label: toolbar.redo,
      icon: IconArrowForwardUp,
      keys: 'mod+shift+Z',
      reason: whyNotRedo,
      isSearched: true,
      run: redo,
    },
    {
      label: toolbar.layout,
      icon: IconBinaryTree,
      keys: 'shift+L',
      words: commands.layoutWords,
      reason: whyEmpty,
      isSearched: true,
      run: () => void actions.layOut(),
    },
    { label: commands.addNote, icon: IconNote, keys: 'N', isSearched: true, run: () => actions.addItem('note') },
    {
      label: commands.addGroup,
      icon: IconMarquee2,
      keys: 'shift+G',
      isSearched: true,
      run: () => actions.addItem('group'),
    },
    { label: commands.fit, icon: IconArrowsMaximize, keys: 'F', isSearched: true, run: actions.fit },
    { label: commands.selectAll, icon: IconSelectAll, keys: 'mod+A', isSearched: true, run: actions.selectAll },
    { label: commands.json, icon: IconBraces, isSearched: true, run: on.onToggleJson },
    { label: toolbar.code, icon: IconCode, isSearched: true, run: on.onCode },
  ];
  useCommands(() => [
    ...offered.map((command) => ({ ...command, id: `editor-${command.label}`, group: commands.title })),
    ...nodes().map((command) => ({ ...command, isSearched: true })),
  ]);
}
