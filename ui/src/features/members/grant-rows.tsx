import { ActionIcon, Autocomplete, Button, Select } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { foldersQuery } from '@/api/flows';
import type { Grant } from '@/api/members';
import classes from './members.module.css';
import { texts } from './texts';

const ROLES = ['viewer', 'operator', 'editor'].map((value) => ({ value, label: texts.roles[value] ?? value }));
const GRANTS_MAX = 50;

/** A role in a folder that is being entered. Its key stays when rows above it are removed. */
export interface GrantRow extends Grant {
  key: number;
}

export function rowsOf(grants: readonly Grant[]): GrantRow[] {
  return grants.map((grant, key) => ({ key, ...grant }));
}

export function grantsOf(rows: readonly GrantRow[]): Grant[] {
  return rows.map(({ folder, role }) => ({ folder, role }));
}

/** The fields for roles in folders. */
export function GrantRows({ rows, onChange }: { rows: GrantRow[]; onChange: (rows: GrantRow[]) => void }) {
  const folders = useQuery(foldersQuery()).data ?? [];
  const set = (key: number, part: Partial<Grant>) =>
    onChange(rows.map((row) => (row.key === key ? { ...row, ...part } : row)));
  const add = () => {
    const key = 1 + Math.max(-1, ...rows.map((row) => row.key));
    onChange([...rows, { key, folder: '', role: 'viewer' }]);
  };
  return (
    <>
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
            onClick={() => onChange(rows.filter((row) => row.key !== key))}
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
    </>
  );
}
