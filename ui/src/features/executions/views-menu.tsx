import { ActionIcon, Button, Group, Popover, Stack, Text, TextInput } from '@mantine/core';
import { IconBookmark, IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { deleteView, saveView, viewsKey, viewsQuery } from '@/api/views';
import { ProblemCard } from '@/components/problem-card';
import { parseSearch, stringifySearch } from '@/lib/search-params';
import classes from './filter-bar.module.css';
import { type Filters, hasFilters, readFilters } from './filters';
import { texts } from './texts';

interface ViewsMenuProps {
  filters: Filters;
  onChange: (filters: Filters) => void;
}

const NAME_CHARS_MAX = 60;

/** Names for filters: they can be applied, saved and deleted. */
export function ViewsMenu({ filters, onChange }: ViewsMenuProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <Popover opened={isOpen} onChange={setOpen} position="bottom-start" width={300} trapFocus>
      <Popover.Target>
        <Button
          variant="default"
          leftSection={<IconBookmark size={14} aria-hidden />}
          aria-haspopup="dialog"
          onClick={() => setOpen(!isOpen)}
        >
          {texts.views.title}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={texts.views.title}>
        <Views
          filters={filters}
          onChange={(next) => {
            setOpen(false);
            onChange(next);
          }}
        />
      </Popover.Dropdown>
    </Popover>
  );
}

function Views({ filters, onChange }: ViewsMenuProps) {
  const views = useQuery(viewsQuery());
  const queries = useQueryClient();
  const refresh = () => queries.invalidateQueries({ queryKey: viewsKey });
  const remove = useMutation({ mutationFn: deleteView, onSettled: refresh });
  return (
    <Stack gap="xs">
      {views.isPending && <Text size="sm">{texts.views.loading}</Text>}
      {views.isError && <ProblemCard problem={views.error} onRetry={() => void views.refetch()} />}
      {views.data?.length === 0 && (
        <Text size="sm" c="var(--ink-soft)">
          {texts.views.none}
        </Text>
      )}
      {views.data && views.data.length > 0 && (
        <ul className={classes.views}>
          {views.data.map(({ name, query }) => (
            <li key={name}>
              <button type="button" className={classes.view} onClick={() => onChange(readFilters(parseSearch(query)))}>
                <bdi>{name}</bdi>
              </button>
              <ActionIcon
                size="sm"
                aria-label={texts.views.remove(name)}
                disabled={remove.isPending}
                onClick={() => remove.mutate(name)}
              >
                <IconTrash size={14} aria-hidden />
              </ActionIcon>
            </li>
          ))}
        </ul>
      )}
      {remove.isError && <ProblemCard problem={remove.error} />}
      {hasFilters(filters) ? (
        <SaveView filters={filters} onSaved={refresh} />
      ) : (
        <Text size="xs" c="var(--ink-soft)">
          {texts.views.hint}
        </Text>
      )}
    </Stack>
  );
}

function SaveView({ filters, onSaved }: { filters: Filters; onSaved: () => Promise<void> }) {
  const [name, setName] = useState('');
  const save = useMutation({
    mutationFn: () => saveView(name.trim(), stringifySearch({ ...filters }).replace(/^\?/, '')),
    onSuccess: async () => {
      setName('');
      await onSaved();
    },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim()) save.mutate();
      }}
    >
      <Group gap="xs" wrap="nowrap">
        <TextInput
          size="xs"
          className={classes.viewName}
          aria-label={texts.views.name}
          placeholder={texts.views.name}
          value={name}
          maxLength={NAME_CHARS_MAX}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Button type="submit" size="xs" loading={save.isPending} disabled={!name.trim()}>
          {texts.views.save}
        </Button>
      </Group>
      {save.isError && <ProblemCard problem={save.error} />}
    </form>
  );
}
