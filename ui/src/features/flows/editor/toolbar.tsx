import { ActionIcon, Tooltip } from '@mantine/core';
import {
  IconArrowBackUp,
  IconArrowForwardUp,
  IconBraces,
  IconChevronLeft,
  IconCode,
  IconDeviceFloppy,
  IconFolder,
  IconForms,
  IconHistory,
  IconLayoutDistributeHorizontal,
  IconMessage,
  IconNote,
  IconPlayerPlay,
  IconSettings,
} from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { ComponentType } from 'react';
import type { OtherTab } from '@/api/flow-presence';
import type { Flow } from '@/api/types';
import { useMay } from '@/api/use-may';
import { DraftMark } from '@/components/draft-mark';
import { pagesOf } from '@/components/page-links';
import { ReasonedButton } from '@/components/reasoned-button';
import { keysText } from '@/lib/shortcut';
import { texts as common } from '@/lib/texts';
import type { Asking } from './canvas/dialogs';
import type { CanvasActions } from './canvas/use-actions';
import { useDraft } from './document/draft-context';
import { isDirty } from './document/draft-store';
import { KeepingMark } from './keeping-mark';
import { Others } from './others';
import { whyNotRunnable, whyNotSavable } from './reasons';
import { ScheduleButton } from './schedules/schedule-button';
import { StatusMenu } from './status-menu';
import { texts } from './texts';
import classes from './toolbar.module.css';
import { useEditorCommands } from './use-editor-commands';

interface ToolbarProps {
  flow: Flow;
  others: readonly OtherTab[];
  isSaving: boolean;
  isJsonOpen: boolean;
  onToggleJson: () => void;
  actions: CanvasActions;
  onAsk: (asking: Asking) => void;
  onSave: () => void;
  onSaveWithNote: () => void;
  onRun: () => void;
  onCode: () => void;
  onSettings: () => void;
  onVersions: () => void;
}

/** Actions on the whole flow. */
export function Toolbar(props: ToolbarProps) {
  const { flow, isSaving, isJsonOpen } = props;
  const dirty = useDraft(isDirty);
  const version = useDraft((state) => state.version);
  const canUndo = useDraft((state) => state.past.length > 0);
  const canRedo = useDraft((state) => state.future.length > 0);
  const isEmpty = useDraft((state) => state.graph.nodes.length === 0);
  const edits = useMay('edit_flows');
  const runs = useMay('run_flows');
  const unsavable = useDraft((state) => whyNotSavable(state, isSaving));
  const unrunnable = useDraft((state) => whyNotRunnable(state, flow.status, isSaving));
  const notSavable = edits.why ?? unsavable;
  // What was changed and cannot be saved cannot be run either.
  const notRunnable = runs.why ?? (dirty ? edits.why : null) ?? unrunnable;
  const undo = useDraft((state) => state.undo);
  const redo = useDraft((state) => state.redo);
  const runLabel = dirty ? texts.toolbar.saveAndRun : texts.toolbar.run;
  useEditorCommands({ ...props, notSavable, notRunnable, runLabel });
  const { hasForm, hasChat } = pagesOf(flow);
  return (
    <header className={classes.bar}>
      <div className={classes.group}>
        <ActionIcon
          component={Link}
          to="/flows"
          search={{ folder: flow.folder ?? undefined } as never}
          aria-label={texts.toolbar.back}
          title={texts.toolbar.back}
        >
          <IconChevronLeft size={17} aria-hidden />
        </ActionIcon>
        {flow.folder !== null && (
          <Link
            to="/flows"
            search={{ folder: flow.folder }}
            className={classes.folder}
            aria-label={texts.toolbar.folder(flow.folder)}
            title={flow.folder}
          >
            <IconFolder size={14} aria-hidden />
            <span>{flow.folder}</span>
          </Link>
        )}
        <h1 className={classes.title} title={flow.name}>
          {flow.name}
        </h1>
        <StatusMenu flow={flow} />
        <ScheduleButton flow={flow} />
        <span className={classes.version}>{texts.toolbar.version(version)}</span>
        {edits.may ? <KeepingMark /> : <DraftMark flow={flow} />}
        <Others others={props.others} />
      </div>
      <div className={`${classes.group} ${classes.edit}`}>
        <Tool
          icon={IconArrowBackUp}
          label={withKeys(texts.toolbar.undo, 'mod+Z')}
          reason={canUndo ? null : texts.reasons.nothingToUndo}
          onClick={undo}
        />
        <Tool
          icon={IconArrowForwardUp}
          label={withKeys(texts.toolbar.redo, 'mod+shift+Z')}
          reason={canRedo ? null : texts.reasons.nothingToRedo}
          onClick={redo}
        />
        <Tool
          icon={IconLayoutDistributeHorizontal}
          label={withKeys(texts.toolbar.layout, 'shift+L')}
          reason={isEmpty ? texts.reasons.empty : null}
          onClick={() => void props.actions.layOut()}
        />
        <Tool icon={IconBraces} label={texts.toolbar.json} pressed={isJsonOpen} onClick={props.onToggleJson} />
      </div>
      <div className={`${classes.group} ${classes.end}`}>
        {hasForm && <PageLink to="/form/$flowId" flow={flow} icon={IconForms} label={common.pages.form} />}
        {hasChat && <PageLink to="/chat/$flowId" flow={flow} icon={IconMessage} label={common.pages.chat} />}
        <Tool icon={IconCode} label={texts.toolbar.code} onClick={props.onCode} />
        <Tool icon={IconHistory} label={texts.toolbar.versions} onClick={props.onVersions} />
        <Tool icon={IconSettings} label={texts.toolbar.settings} onClick={props.onSettings} />
        <ReasonedButton
          variant="default"
          size="xs"
          reason={notRunnable}
          hint={keysText('mod+Enter')}
          leftSection={<IconPlayerPlay size={14} aria-hidden />}
          onClick={props.onRun}
        >
          {runLabel}
        </ReasonedButton>
        <ReasonedButton
          size="xs"
          reason={notSavable}
          hint={keysText('mod+S')}
          leftSection={<IconDeviceFloppy size={14} aria-hidden />}
          onClick={props.onSave}
        >
          {texts.toolbar.save}
        </ReasonedButton>
        <Tool
          icon={IconNote}
          label={withKeys(texts.toolbar.saveWithNote, 'mod+shift+S')}
          reason={notSavable}
          onClick={props.onSaveWithNote}
        />
      </div>
    </header>
  );
}

const withKeys = (label: string, keys: string) => `${label} (${keysText(keys)})`;

interface PageLinkProps {
  to: '/form/$flowId' | '/chat/$flowId';
  flow: Flow;
  icon: ToolProps['icon'];
  label: string;
}

/** A link to a page of the flow, as it is saved. */
function PageLink({ to, flow, icon: Icon, label }: PageLinkProps) {
  return (
    <Tooltip label={label}>
      <ActionIcon
        component={Link}
        to={to}
        params={{ flowId: flow.id } as never}
        size={30}
        className={classes.tool}
        aria-label={label}
      >
        <Icon size={17} stroke={1.7} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}

interface ToolProps {
  icon: ComponentType<{ size?: number; stroke?: number; 'aria-hidden'?: boolean }>;
  label: string;
  reason?: string | null;
  pressed?: boolean;
  onClick: () => void;
}

function Tool({ icon: Icon, label, reason = null, pressed, onClick }: ToolProps) {
  return (
    <Tooltip label={reason ? `${label}: ${reason}` : label}>
      <ActionIcon
        size={30}
        className={classes.tool}
        variant={pressed ? 'light' : 'subtle'}
        color={pressed ? 'steady' : 'gray'}
        data-disabled={reason ? true : undefined}
        aria-disabled={reason !== null}
        aria-label={label}
        aria-pressed={pressed}
        onClick={reason ? undefined : onClick}
      >
        <Icon size={17} stroke={1.7} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}
