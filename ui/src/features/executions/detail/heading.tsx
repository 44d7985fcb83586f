import { Link } from '@tanstack/react-router';
import type { Execution } from '@/api/types';
import { Ancestors, ChildName, Slash } from './ancestors';
import classes from './detail.module.css';
import { texts } from './texts';

/** The breadcrumb: the list, the executions above this one, then the flow, or the item or iteration of a body. */
export function Heading({ execution }: { execution: Execution }) {
  return (
    <span className={classes.heading}>
      <Link to="/executions" className={classes.crumb}>
        {texts.executions}
      </Link>
      <Slash />
      <Ancestors child={execution} />
      {execution.runs_body ? (
        <ChildName child={execution} />
      ) : (
        <Link
          to="/flows/$flowId"
          params={{ flowId: execution.flow_id }}
          className={classes.flowLink}
          title={texts.openFlow}
        >
          {execution.flow_name}
        </Link>
      )}
    </span>
  );
}
