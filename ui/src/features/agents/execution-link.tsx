import { Link } from '@tanstack/react-router';
import classes from './agents.module.css';
import { texts } from './texts';

interface ExecutionLinkProps {
  id: string;
  /** The node that is selected there. */
  node?: string | undefined;
}

/** Leads to an execution that writes a session. */
export function ExecutionLink({ id, node }: ExecutionLinkProps) {
  return (
    <Link className={classes.link} to="/executions/$executionId" params={{ executionId: id }} search={{ node }}>
      {texts.sessions.execution(id)}
    </Link>
  );
}
