import { Button, Table } from '@mantine/core';
import { IconArrowsSplit2 } from '@tabler/icons-react';
import classes from './conflict-card.module.css';
import type { SettingsConflict } from './queries';
import { type SettingKey, type SettingValues, valuesOf } from './setting-values';
import { texts } from './texts';

interface ConflictCardProps {
  conflict: SettingsConflict;
  mine: SettingValues;
  onKeep: () => void;
  onTake: () => void;
}

/** The conflicting settings side by side, and which to keep. */
export function ConflictCard({ conflict, mine, onKeep, onTake }: ConflictCardProps) {
  const theirs = valuesOf(conflict.flow);
  return (
    <div className={classes.card} role="alert" data-tone="attention">
      <IconArrowsSplit2 size={18} aria-hidden className={classes.icon} />
      <div className={classes.content}>
        <p className={classes.title}>{texts.conflict.title}</p>
        <p className={classes.detail}>{texts.conflict.detail}</p>
        <Table className={classes.table} verticalSpacing={4} fz="xs">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{texts.conflict.field}</Table.Th>
              <Table.Th>{texts.conflict.yours}</Table.Th>
              <Table.Th>{texts.conflict.theirs}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {conflict.keys.map((key) => (
              <Table.Tr key={key}>
                <Table.Td>{texts.labels[key]}</Table.Td>
                <Table.Td>{shown(mine, key)}</Table.Td>
                <Table.Td>{shown(theirs, key)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
        <div className={classes.actions}>
          <Button variant="default" onClick={onTake}>
            {texts.conflict.take}
          </Button>
          <Button onClick={onKeep}>{texts.conflict.keep}</Button>
        </div>
      </div>
    </div>
  );
}

function shown(values: SettingValues, key: SettingKey): string {
  const value = values[key];
  if (typeof value === 'boolean') return value ? texts.conflict.on : texts.conflict.off;
  const text = Array.isArray(value) ? value.join(', ') : String(value);
  return text === '' ? texts.conflict.empty : text;
}
