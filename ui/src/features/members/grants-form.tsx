import { ActionIcon, Autocomplete, Button, Select } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconPlus, IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { flowsQuery } from '@/api/flows';
import type { Member } from '@/api/members';
import { ProblemCard } from '@/components/problem-card';
import classes from './members.module.css';
import { useChangeMember } from './queries';
import { texts } from './texts';

const ROLES = ['viewer', 'operator', 'editor'].map((value) => ({ value, label: texts.roles[value] ?? value }));
const GRANTS_MAX = 50;

interface Row {
  key: number;
  folder: string;
  role: string;
}

/** Gives a member roles in folders. */
export function GrantsForm({ member, onDone }: { member: Member; onDone: () => void }) {
  const [rows, setRows] = useState<Row[]>(() => member.grants.map((grant, key) => ({ key, ...grant })));
  const [next, setNext] = useState(rows.length);
  const flows = useQuery(flowsQuery());
  const folders = [...new Set((flows.data ?? []).flatMap(({ folder }) => folder ?? []))].sort();
  const change = useChangeMember();
  const set = (key: number, part: Partial<Row>) =>
    setRows(rows.map((row) => (row.key === key ? { ...row, ...part } : row)));
  const add = () => {
    setRows([...rows, { key: next, folder: '', role: 'viewer' }]);
    setNext(next + 1);
  };
  const save = () => {
    const grants = rows.map(({ folder, role }) => ({ folder, role }));
    const done = () => {
      notifications.show({ message: texts.grants.saved(member.name), color: 'green' });
      onDone();
    };
    change.mutate({ id: member.id, grants }, { onSuccess: done });
  };
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <p className={classes.text}>{texts.grants.hint}</p>
      {rows.map(({ key, folder, role }) => (
        <div key={key} className={classes.grant}>
          <Autocomplete
            className={classes.folder}
            aria-label={texts.grants.folder}
            placeholder={texts.grants.placeholder}
            data={folders}
            value={folder}
            onChange={(value) => set(key, { folder: value })}
            maxLength={304}
            spellCheck={false}
          />
          <Select
            className={classes.role}
            aria-label={texts.grants.role}
            data={ROLES}
            value={role}
            allowDeselect={false}
            onChange={(value) => value && set(key, { role: value })}
          />
          <ActionIcon
            aria-label={texts.grants.remove(folder)}
            onClick={() => setRows(rows.filter((row) => row.key !== key))}
          >
            <IconX size={16} aria-hidden />
          </ActionIcon>
        </div>
      ))}
      {rows.length < GRANTS_MAX && (
        <Button variant="default" size="xs" leftSection={<IconPlus size={14} aria-hidden />} onClick={add}>
          {texts.grants.add}
        </Button>
      )}
      {change.isError && <ProblemCard problem={change.error} />}
      <div className={classes.buttons}>
        <Button variant="default" onClick={onDone}>
          {texts.cancel}
        </Button>
        <Button type="submit" loading={change.isPending}>
          {texts.grants.save}
        </Button>
      </div>
    </form>
  );
}
