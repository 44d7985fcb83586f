import { Table, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { RetryAnalytics } from '@/api/reports';
import { errorClassLabel } from '@/lib/error-classes';
import type { Period } from '@/lib/periods';
import styles from './analytics.module.css';
import { texts } from './texts';

interface ErrorTableProps {
  classes: RetryAnalytics['error_classes'];
  period: Period;
}

/** What attempts failed with. A class leads to the executions that it ended. */
export function ErrorTable({ classes, period }: ErrorTableProps) {
  if (classes.length === 0) {
    return (
      <Text p="md" size="sm">
        {texts.errors.none}
      </Text>
    );
  }
  return (
    <Table horizontalSpacing="md">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{texts.errors.name}</Table.Th>
          <Table.Th ta="right">{texts.errors.attempts}</Table.Th>
          <Table.Th ta="right">{texts.errors.executions}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {classes.map(({ error_class, failed_attempts, failed_executions }) => (
          <Table.Tr key={error_class}>
            <Table.Td>
              <Link className={styles.link ?? ''} to="/executions" search={{ error: error_class, period }}>
                {errorClassLabel(error_class)}
              </Link>
            </Table.Td>
            <Table.Td ta="right" className={styles.number}>
              {failed_attempts.toLocaleString('en')}
            </Table.Td>
            <Table.Td ta="right" className={styles.number}>
              {failed_executions.toLocaleString('en')}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
