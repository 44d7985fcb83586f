import type { RetryAnalytics } from '@/api/reports';
import classes from './analytics.module.css';
import { percent } from './shape';
import { texts } from './texts';

/** How many attempts node executions took: a bar, its number and its share each. */
export function AttemptsChart({ histogram }: { histogram: RetryAnalytics['attempts_histogram'] }) {
  const all = histogram.reduce((sum, bar) => sum + bar.node_executions, 0);
  const most = Math.max(1, ...histogram.map((bar) => bar.node_executions));
  return (
    <table className={classes.histogram}>
      <tbody>
        {histogram.map(({ attempts, node_executions }) => (
          <tr key={attempts}>
            <th scope="row">{attempts === 1 ? texts.attempts.one : texts.attempts.many(attempts)}</th>
            <td className={classes.lane}>
              <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
                <rect
                  width={Math.max(0.5, (100 * node_executions) / most)}
                  height="10"
                  rx="1"
                  className={attempts === 1 ? classes.first_try : classes.recovered}
                />
              </svg>
            </td>
            <td className={classes.number}>{node_executions.toLocaleString('en')}</td>
            <td className={classes.number}>{percent(node_executions, all)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
