import { Link } from '@tanstack/react-router';
import type { Execution } from '@/api/types';
import classes from './detail.module.css';
import { texts } from './texts';

/** The breadcrumb: the list, then the flow. */
export function Heading({ execution }: { execution: Execution }) {
  return (
    <span className={classes.heading}>
      <Link to="/executions" className={classes.crumb}>
        {texts.executions}
      </Link>
      <span className={classes.slash} aria-hidden>
        /
      </span>
      <Link
        to="/flows/$flowId"
        params={{ flowId: execution.flow_id }}
        className={classes.flowLink}
        title={texts.openFlow}
      >
        {execution.flow_name}
      </Link>
    </span>
  );
}
