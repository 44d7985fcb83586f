import { Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { RetryAnalytics } from '@/api/reports';
import { errorClassLabel, errorClassLook } from '@/components/error-classes';
import { formatNumber } from '@/lib/locale';
import type { Period } from '@/lib/periods';
import classes from './error-table.module.css';
import { percent } from './shape';
import { texts } from './texts';

interface ErrorTableProps {
  classes: RetryAnalytics['error_classes'];
  flow: string | undefined;
  period: Period;
}

/** The error classes of failed attempts, the most frequent first. A class links to its failed executions. */
export function ErrorTable({ classes: found, flow, period }: ErrorTableProps) {
  const all = found.reduce((sum, one) => sum + one.failed_attempts, 0);
  const sorted = [...found].sort((a, b) => b.failed_attempts - a.failed_attempts);
  if (found.length === 0) {
    return (
      <Text p="md" size="sm">
        {texts.errors.none}
      </Text>
    );
  }
  return (
    <table className={classes.table}>
      <thead>
        <tr>
          <th>{texts.errors.name}</th>
          <th className={classes.number}>{texts.errors.attempts}</th>
          <th className={classes.number}>{texts.errors.executions}</th>
        </tr>
      </thead>
      <tbody>
        {sorted.map(({ error_class, failed_attempts, failed_executions }) => (
          <tr key={error_class}>
            <td>
              <Link
                className={classes.link ?? ''}
                to="/executions"
                search={{ error: error_class, flow, period }}
                title={errorClassLook(error_class)?.meaning}
              >
                {errorClassLabel(error_class)}
              </Link>
              {failed_attempts > 0 && (
                <div className={classes.lane}>
                  <div className={classes.bar} style={{ width: `${(100 * failed_attempts) / all}%` }} />
                </div>
              )}
            </td>
            <td className={classes.number}>
              {formatNumber(failed_attempts)}
              <span className={classes.share}>{percent(failed_attempts, all)}</span>
            </td>
            <td className={classes.number}>{formatNumber(failed_executions)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
