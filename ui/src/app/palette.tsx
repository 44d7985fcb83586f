import { Spotlight, type SpotlightActionGroupData } from '@mantine/spotlight';
import { IconFileSearch, IconKeyboard, IconPlayerPlay, IconSearch, IconSitemap } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { flowsQuery } from '@/api/flows';
import { texts } from '@/lib/texts';
import { PAGES } from './navigation';
import { paletteStore } from './palette-store';

const EXECUTION_ID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/i;

/** Ctrl/⌘-K: jump to a page, a flow or an execution by its ID, or search executions. */
export function Palette({ onShortcuts }: { onShortcuts: () => void }) {
  const [query, setQuery] = useState('');
  const [opened, setOpened] = useState(false);
  const flows = useQuery({ ...flowsQuery(), enabled: opened });
  const navigate = useNavigate();
  const text = query.trim();

  const groups: SpotlightActionGroupData[] = [
    {
      group: texts.palette.pages,
      actions: PAGES.map(({ to, label, icon: Icon }) => ({
        id: to,
        label,
        leftSection: <Icon size={17} stroke={1.7} aria-hidden />,
        onClick: () => void navigate({ to }),
      })),
    },
    {
      group: texts.palette.flows,
      actions: (flows.data ?? []).map((flow) => ({
        id: `flow-${flow.id}`,
        label: flow.name,
        description: flow.description || undefined,
        keywords: [...flow.tags, flow.id],
        leftSection: <IconSitemap size={17} stroke={1.7} aria-hidden />,
        onClick: () => void navigate({ to: '/flows/$flowId', params: { flowId: flow.id } }),
      })),
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
  if (text) groups.unshift({ group: texts.palette.executions, actions: executionActions(text, navigate) });

  return (
    <Spotlight
      store={paletteStore}
      shortcut={['mod + K']}
      actions={groups}
      query={query}
      onQueryChange={setQuery}
      onSpotlightOpen={() => setOpened(true)}
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
