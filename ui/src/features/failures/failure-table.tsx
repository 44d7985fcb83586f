import { Badge, Button, Table } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { FailureGroup } from '@/api/reports';
import { RelativeTime } from '@/components/relative-time';
import { errorClassLabel } from '@/lib/error-classes';
import type { Period } from '@/lib/periods';
import classes from './failures.module.css';
import { texts } from './texts';

interface FailureTableProps {
  groups: readonly FailureGroup[];
  period: Period | undefined;
  onRetry: (group: FailureGroup) => void;
}

/** The groups, a row each, the largest first; a bar shows how large each is beside the largest. */
export function FailureTable({ groups, period, onRetry }: FailureTableProps) {
  const largest = Math.max(...groups.map((group) => group.count));
  return (
    <Table.ScrollContainer minWidth={620}>
      <Table verticalSpacing="sm" horizontalSpacing="md">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{texts.columns.failure}</Table.Th>
            <Table.Th>{texts.columns.count}</Table.Th>
            <Table.Th>{texts.columns.last}</Table.Th>
            <Table.Th>{texts.columns.first}</Table.Th>
            <Table.Th aria-label={texts.retry} />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {groups.map((group) => (
            <Table.Tr key={`${group.flow_id} ${group.fingerprint}`}>
              <Table.Td>
                <Link
                  className={classes.message ?? ''}
                  to="/executions"
                  search={{ fingerprint: group.fingerprint, flow: group.flow_id, period }}
                >
                  {group.message}
                </Link>
                <div className={classes.where}>
                  {group.error_class && (
                    <Badge variant="light" color="red" size="sm" tt="none">
                      {errorClassLabel(group.error_class)}
                    </Badge>
                  )}
                  <span>
                    {group.flow_name ?? texts.unnamed} · {group.node_id ?? texts.whole}
                  </span>
                </div>
              </Table.Td>
              <Table.Td className={classes.count}>
                {group.count.toLocaleString('en')}
                <svg className={classes.bar} viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
                  <rect width={Math.max(2, (100 * group.count) / largest)} height="4" rx="1" />
                </svg>
              </Table.Td>
              <Table.Td>
                <RelativeTime time={group.last_seen} />
              </Table.Td>
              <Table.Td>
                <RelativeTime time={group.first_seen} />
              </Table.Td>
              <Table.Td ta="right">
                <Button
                  size="xs"
                  variant="default"
                  aria-label={texts.retryOf(group.message)}
                  onClick={() => onRetry(group)}
                >
                  {texts.retry}
                </Button>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
