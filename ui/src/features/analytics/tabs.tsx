import { Link } from '@tanstack/react-router';
import classes from './tabs.module.css';
import { texts } from './texts';

/** The pages of analytics. A flow that is chosen stays chosen. */
export function AnalyticsTabs({ flow }: { flow: string | undefined }) {
  return (
    <nav className={classes.tabs} aria-label={texts.tabs.label}>
      <Link
        className={classes.tab ?? ''}
        to="/analytics"
        search={{ flow }}
        activeOptions={{ exact: true, includeSearch: false }}
      >
        {texts.tabs.retries}
      </Link>
      <Link
        className={classes.tab ?? ''}
        to="/analytics/costs"
        search={{ flow }}
        activeOptions={{ includeSearch: false }}
      >
        {texts.tabs.costs}
      </Link>
    </nav>
  );
}
