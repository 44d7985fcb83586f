import { Table } from '@mantine/core';
import type { Compared } from './compare';
import classes from './comparison.module.css';

interface ComparedTableProps {
  title: string;
  /** The names of the four columns. */
  heads: readonly [string, string, string, string];
  rows: readonly Compared[];
}

/** Measures of two things, one per row, with the change. */
export function ComparedTable({ title, heads, rows }: ComparedTableProps) {
  return (
    <Table className={classes.table} aria-label={title}>
      <Table.Thead>
        <Table.Tr>
          {heads.map((head, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: two columns may have the same name, and none moves.
            <Table.Th key={at}>{head}</Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {rows.map(({ label, now, other, change }) => (
          <Table.Tr key={label}>
            <Table.Th scope="row">{label}</Table.Th>
            <Table.Td>{now}</Table.Td>
            <Table.Td>{other}</Table.Td>
            <Table.Td>{change}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
