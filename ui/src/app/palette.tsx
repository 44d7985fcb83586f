import { useMantineColorScheme } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import {
  IconActivityHeartbeat,
  IconApi,
  IconBell,
  IconBellOff,
  IconDeviceDesktop,
  IconFileSearch,
  IconKeyboard,
  IconMoon,
  IconPlayerPause,
  IconPlayerPlay,
  IconRobot,
  IconRoute,
  IconSitemap,
  IconSun,
  IconUser,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { accountQuery } from '@/api/account';
import { foundFlowsQuery } from '@/api/flows';
import { useIsPaused } from '@/api/pause';
import type { Flow } from '@/api/types';
import { isAllowedIn, useMay } from '@/api/use-may';
import { type Command, fitting } from '@/components/commands/command';
import { CommandFrame } from '@/components/commands/command-dialog';
import { CommandSearch } from '@/components/commands/command-search';
import { pageCommands } from '@/components/commands/page-commands';
import { agentsQuery } from '@/features/agents/queries';
import { canNotify, turnOff, turnOn, useNotifying } from '@/lib/notify';
import { texts } from '@/lib/texts';
import { startTour } from '@/lib/tour';
import { PAGES, useServerPages } from './navigation';
import { openShortcuts } from './palette-store';
import { usePauseSwitch } from './use-pause-switch';

/** The server is asked when typing pauses for this long. */
const TYPING_MS = 150;

const EXECUTION_ID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/i;

interface PaletteProps {
  onClose: () => void;
  onPause: () => void;
}

/** Ctrl/⌘-K: what can be done on the page, and where one can go: a page, a flow, an agent, or an execution. */
export function Palette({ onClose, onPause }: PaletteProps) {
  const [query, setQuery] = useState('');
  const text = query.trim();
  const [offered] = useState(pageCommands);
  const general = useGeneral();
  const pages = usePages();
  const pause = usePauseCommands(onPause);
  const found = useFound(text);
  const all = [...offered, ...pages, ...found, ...pause, ...general];
  return (
    <CommandFrame label={texts.palette.hint} onClose={onClose}>
      {(finish) => (
        <CommandSearch
          commands={fitting(all, text)}
          query={query}
          onQuery={setQuery}
          label={texts.palette.hint}
          nothing={texts.palette.nothing}
          onRun={finish}
        />
      )}
    </CommandFrame>
  );
}

type Navigate = ReturnType<typeof useNavigate>;

const REFERENCE = { to: '/reference', label: texts.nav.api, icon: IconApi } as const;

function usePages(): Command[] {
  const navigate = useNavigate();
  const serverPages = useServerPages();
  const account = useQuery(accountQuery()).data;
  const go = { group: texts.palette.pages };
  const pages = [...PAGES, ...serverPages, REFERENCE].map(({ to, label, icon }) => ({
    ...go,
    id: to,
    label,
    icon,
    words: texts.palette.goTo,
    run: () => void navigate({ to }),
  }));
  if (!account || account.is_local) return pages;
  const own = {
    id: '/account',
    label: texts.account.own,
    icon: IconUser,
    run: () => void navigate({ to: '/account' }),
  };
  return [...pages, { ...go, ...own }];
}

const SCHEMES = [
  { value: 'light', icon: IconSun },
  { value: 'dark', icon: IconMoon },
  { value: 'auto', icon: IconDeviceDesktop },
] as const;

/** What can be done on every page. */
function useGeneral(): Command[] {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const group = texts.palette.actions;
  const themes = SCHEMES.filter(({ value }) => value !== colorScheme).map(({ value, icon }) => ({
    id: `theme-${value}`,
    group,
    label: texts.palette.theme[value],
    icon,
    words: texts.palette.themeWords,
    run: () => setColorScheme(value),
  }));
  const notifying = useNotifying();
  const ofBrowser = canNotify()
    ? [
        {
          id: 'notifications',
          group,
          label: notifying ? texts.notify.off : texts.notify.on,
          icon: notifying ? IconBellOff : IconBell,
          words: texts.notify.words,
          run: () => (notifying ? turnOff() : void askToNotify()),
        },
      ]
    : [];
  const help = {
    id: 'shortcuts',
    group,
    label: texts.shortcuts.title,
    icon: IconKeyboard,
    keys: '?',
    run: openShortcuts,
  };
  const tour = { id: 'tour', group, label: texts.help.tour, icon: IconRoute, run: startTour };
  return [...themes, ...ofBrowser, tour, help];
}

async function askToNotify() {
  const isOn = await turnOn();
  notifications.show({ message: isOn ? texts.notify.isOn : texts.notify.refused, ...(!isOn && { color: 'orange' }) });
}

/** The switch that pauses everything, for those who may. */
function usePauseCommands(onPause: () => void): Command[] {
  const { may, isKnown } = useMay('control_executions');
  const isPaused = useIsPaused();
  const { resume } = usePauseSwitch();
  if (!may || !isKnown || isPaused === undefined) return [];
  const about = { id: 'pause-everything', group: texts.palette.actions, words: texts.pause.words };
  if (isPaused) return [{ ...about, label: texts.pause.resumeAll, icon: IconPlayerPlay, run: resume.run }];
  return [{ ...about, label: texts.pause.start, icon: IconPlayerPause, run: onPause }];
}

/** What is found by the text: flows, agents and executions. */
function useFound(text: string): Command[] {
  const navigate = useNavigate();
  const [asked] = useDebouncedValue(text, TYPING_MS);
  const flows = useQuery(foundFlowsQuery(asked)).data ?? [];
  const agents = useQuery({ ...agentsQuery(), enabled: text !== '' }).data ?? [];
  const account = useQuery(accountQuery()).data;
  const mayRun = (flow: Flow) => !account || isAllowedIn(account, 'run_flows', flow.folder);
  return [
    ...flows.flatMap((flow) => ofFlow(flow, { text, mayRun: mayRun(flow), navigate })),
    ...agents.map(
      (agent): Command => ({
        id: `agent-${agent.id}`,
        group: texts.palette.agents,
        label: agent.name,
        detail: agent.description || undefined,
        icon: IconRobot,
        isSearched: true,
        run: () => void navigate({ to: '/agents', search: { agent: agent.id } }),
      }),
    ),
    ...ofExecutions(text, navigate),
  ];
}

interface OfFlow {
  text: string;
  mayRun: boolean;
  navigate: Navigate;
}

/** Opens a flow in the editor; what was searched for can also be run, and its executions shown. */
function ofFlow(flow: Flow, { text, mayRun, navigate }: OfFlow): Command[] {
  const params = { flowId: flow.id };
  // The server also looks into what is not shown here.
  const one = { group: texts.palette.flows, isFound: true, detail: flow.description || undefined };
  const open: Command = {
    ...one,
    id: `flow-${flow.id}`,
    label: flow.name,
    icon: IconSitemap,
    run: () => void navigate({ to: '/flows/$flowId', params }),
  };
  if (!text) return [open];
  const run: Command = {
    ...one,
    id: `run-${flow.id}`,
    label: texts.palette.runFlow(flow.name),
    icon: IconPlayerPlay,
    run: () => void navigate({ to: '/flows/$flowId', params, search: { run: true } }),
  };
  const executions: Command = {
    ...one,
    id: `executions-${flow.id}`,
    label: texts.palette.runsOf(flow.name),
    icon: IconActivityHeartbeat,
    run: () => void navigate({ to: '/executions', search: { flow: flow.id } }),
  };
  return mayRun ? [open, run, executions] : [open, executions];
}

function ofExecutions(text: string, navigate: Navigate): Command[] {
  if (!text) return [];
  const about = { group: texts.palette.executions, isFound: true };
  const search: Command = {
    ...about,
    id: 'search-executions',
    label: texts.palette.searchExecutions(text),
    icon: IconFileSearch,
    run: () => void navigate({ to: '/executions', search: { q: text } }),
  };
  if (!EXECUTION_ID.test(text)) return [search];
  const open: Command = {
    ...about,
    id: 'open-execution',
    label: texts.palette.openExecution(text),
    icon: IconPlayerPlay,
    run: () => void navigate({ to: '/executions/$executionId', params: { executionId: text } }),
  };
  return [open, search];
}
