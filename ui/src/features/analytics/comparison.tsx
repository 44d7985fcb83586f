import { Table, TextInput } from '@mantine/core';
import { Panel } from '@/components/panel';
import { type Compared, dayOf, type Period } from './compare';
import classes from './comparison.module.css';
import { texts } from './texts';

interface ComparisonProps {
  rows: readonly Compared[];
  /** The other one. */
  period: Period;
  onDay: (day: string | undefined) => void;
}

/** A period beside another one of the same length: the one before, or from a day that is chosen. */
export function Comparison({ rows, period, onDay }: ComparisonProps) {
  const { compare } = texts;
  const field = (
    <TextInput
      type="date"
      size="xs"
      aria-label={compare.day}
      title={compare.day}
      max={dayOf(Date.now())}
      value={dayOf(period.from)}
      onChange={({ currentTarget }) => onDay(currentTarget.value || undefined)}
    />
  );
  const heads = [compare.measure, compare.now, compare.other, compare.change];
  return (
    <Panel title={compare.title} aside={field} flush>
      <Table className={classes.table} aria-label={compare.title}>
        <Table.Thead>
          <Table.Tr>
            {heads.map((head) => (
              <Table.Th key={head}>{head}</Table.Th>
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
    </Panel>
  );
}
