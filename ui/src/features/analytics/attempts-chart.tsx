import { Text } from '@mantine/core';
import type { RetryAnalytics } from '@/api/reports';
import { formatNumber } from '@/lib/locale';
import classes from './analytics.module.css';
import outcomes from './outcomes.module.css';
import { percent } from './shape';
import { texts } from './texts';

/** The number of attempts of node executions: a bar, a count and a share each. */
export function AttemptsChart({ histogram }: { histogram: RetryAnalytics['attempts_histogram'] }) {
  const all = histogram.reduce((sum, bar) => sum + bar.node_executions, 0);
  const most = Math.max(1, ...histogram.map((bar) => bar.node_executions));
  if (histogram.length === 0) return <Text size="sm">{texts.attempts.none}</Text>;
  return (
    <table className={classes.histogram}>
      <tbody>
        {histogram.map(({ attempts, node_executions }) => (
          <tr key={attempts}>
            <th scope="row">{attempts === 1 ? texts.attempts.one : texts.attempts.many(attempts)}</th>
            <td className={classes.lane}>
              <div
                className={`${classes.bar} ${outcomes.fill}`}
                data-outcome={attempts === 1 ? 'first_try' : 'recovered'}
                style={{ width: `${(100 * node_executions) / most}%` }}
              />
            </td>
            <td className="tabular">{formatNumber(node_executions)}</td>
            <td className={`tabular ${classes.soft}`}>{percent(node_executions, all)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
