import { useDebouncedValue } from '@mantine/hooks';
import { Spotlight, type SpotlightActionGroupData } from '@mantine/spotlight';
import {
  IconActivityHeartbeat,
  IconFileSearch,
  IconKeyboard,
  IconPlayerPlay,
  IconSearch,
  IconSitemap,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { foundFlowsQuery } from '@/api/flows';
import type { Flow } from '@/api/types';
import { useMay } from '@/api/use-may';
import { texts } from '@/lib/texts';
import { PAGES, useServerPages } from './navigation';
import { paletteStore } from './palette-store';

/** The server is asked when typing pauses for this long. */
const TYPING_MS = 150;

const EXECUTION_ID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/i;

/** Ctrl/⌘-K: jump to a page, a flow or an execution by its ID, or search executions. */
export function Palette({ onShortcuts }: { onShortcuts: () => void }) {
  const [query, setQuery] = useState('');
  const [opened, setOpened] = useState(false);
  const navigate = useNavigate();
  const text = query.trim();
  const [asked] = useDebouncedValue(text, TYPING_MS);
  const flows = useQuery({ ...foundFlowsQuery(asked), enabled: opened });
  const { may: mayRun } = useMay('run_flows');

  const serverPages = useServerPages();

  const groups: SpotlightActionGroupData[] = [
    {
      group: texts.palette.pages,
      actions: [...PAGES, ...serverPages].map(({ to, label, icon: Icon }) => ({
        id: to,
        label,
        leftSection: <Icon size={17} stroke={1.7} aria-hidden />,
        onClick: () => void navigate({ to }),
      })),
    },
    {
      group: texts.palette.flows,
      actions: flowActions({ flows: flows.data ?? [], text, mayRun, navigate }),
    },
    {
      group: texts.palette.actions,
      actions: [
        {
          id: 'shortcuts',
          label: texts.shortcuts.title,
          leftSection: <IconKeyboard size={17} stroke={1.7} aria-hidden />,
          onClick: onShortcuts,
        },
      ],
    },
  ];
  const executions = { group: texts.palette.executions, actions: executionActions(text, navigate) };
  // Flows with the name come before a search for it.
  if (text) groups.splice(EXECUTION_ID.test(text) ? 0 : 2, 0, executions);

  return (
    <Spotlight
      store={paletteStore}
      shortcut={['mod + K']}
      actions={groups}
      query={query}
      onQueryChange={setQuery}
      onSpotlightOpen={() => setOpened(true)}
      onSpotlightClose={() => setOpened(false)}
      limit={12}
      scrollable
      maxHeight={420}
      highlightQuery
      nothingFound={texts.palette.nothing}
      searchProps={{
        leftSection: <IconSearch size={17} aria-hidden />,
        placeholder: texts.palette.hint,
        'aria-label': texts.palette.hint,
      }}
    />
  );
}

interface FlowActions {
  flows: readonly Flow[];
  text: string;
  mayRun: boolean;
  navigate: ReturnType<typeof useNavigate>;
}

/** Opens a flow in the editor; what was searched for can also be run, and its executions shown. */
function flowActions({ flows, text, mayRun, navigate }: FlowActions) {
  return flows.flatMap((flow) => {
    const params = { flowId: flow.id };
    const open = {
      id: `flow-${flow.id}`,
      label: flow.name,
      description: flow.description || undefined,
      leftSection: <IconSitemap size={17} stroke={1.7} aria-hidden />,
      onClick: () => void navigate({ to: '/flows/$flowId', params }),
    };
    if (!text) return [open];
    const run = {
      id: `run-${flow.id}`,
      label: texts.palette.runFlow(flow.name),
      leftSection: <IconPlayerPlay size={17} stroke={1.7} aria-hidden />,
      onClick: () => void navigate({ to: '/flows/$flowId', params, search: { run: true } }),
    };
    const executions = {
      id: `executions-${flow.id}`,
      label: texts.palette.runsOf(flow.name),
      leftSection: <IconActivityHeartbeat size={17} stroke={1.7} aria-hidden />,
      onClick: () => void navigate({ to: '/executions', search: { flow: flow.id } }),
    };
    return mayRun ? [open, run, executions] : [open, executions];
  });
}

function executionActions(text: string, navigate: ReturnType<typeof useNavigate>) {
  const search = {
    id: 'search-executions',
    label: texts.palette.searchExecutions(text),
    keywords: text,
    leftSection: <IconFileSearch size={17} stroke={1.7} aria-hidden />,
    onClick: () => void navigate({ to: '/executions', search: { q: text } }),
  };
  if (!EXECUTION_ID.test(text)) return [search];
  const open = {
    id: 'open-execution',
    label: texts.palette.openExecution(text),
    keywords: text,
    leftSection: <IconPlayerPlay size={17} stroke={1.7} aria-hidden />,
    onClick: () => void navigate({ to: '/executions/$executionId', params: { executionId: text } }),
  };
  return [open, search];
}
