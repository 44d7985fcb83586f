import { IconCheck, IconUser } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import classes from './inbox.module.css';
import { texts } from './texts';
import { glimpseOf, titleOf } from './titles';
import type { Settled } from './use-visit';

/** Enough to know one from the other. */
const GLIMPSE_MAX = 60;

/** What was decided since the page was opened: nothing disappears without a word. */
export function VisitLog({ settled }: { settled: readonly Settled[] }) {
  if (settled.length === 0) return null;
  return (
    <section className={classes.visit} aria-label={texts.visit.title}>
      <h2 className={classes.visitTitle}>{texts.visit.title}</h2>
      <ul className={classes.visitList}>
        {settled.map(({ approval, outcome, isMine }) => (
          <li
            key={`${approval.id} ${approval.arguments_hash}`}
            className={classes.visitLine}
            data-tone={isMine ? 'success' : 'attention'}
          >
            {isMine ? <IconCheck size={13} aria-hidden /> : <IconUser size={13} aria-hidden />}
            <span>
              <Link
                className={classes.link ?? ''}
                to="/executions/$executionId"
                params={{ executionId: approval.execution_id }}
                search={{ node: approval.node_id }}
              >
                {titleOf(approval)}
              </Link>{' '}
              <span className={classes.soft}>
                <bdi>{approval.flow_name ?? texts.deletedFlow}</bdi> · {glimpseOf(approval, GLIMPSE_MAX)}
              </span>{' '}
              {outcome}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
