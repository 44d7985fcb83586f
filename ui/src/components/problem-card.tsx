import { Button } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { toProblem } from '@/api/problem';
import { texts } from '@/lib/texts';
import classes from './problem-card.module.css';
import { Prose } from './prose';

interface ProblemCardProps {
  problem: unknown;
  onRetry?: () => void;
}

/** An error: what went wrong, where, and what to do about it. */
export function ProblemCard({ problem, onRetry }: ProblemCardProps) {
  const { title, detail, faults } = toProblem(problem);
  return (
    <div className={classes.card} role="alert">
      <IconAlertTriangle size={18} aria-hidden className={classes.icon} />
      <div>
        <p className={classes.title}>{title}</p>
        {detail !== title && (
          <p className={classes.detail}>
            <Prose text={detail} />
          </p>
        )}
        {faults.length > 0 && (
          <ul className={classes.faults}>
            {faults.map((fault) => (
              <li key={`${fault.pointer} ${fault.detail}`}>
                {fault.pointer && <span className={classes.pointer}>{fault.pointer} </span>}
                <Prose text={fault.detail} />
              </li>
            ))}
          </ul>
        )}
        {onRetry && (
          <Button className={classes.action} size="xs" variant="default" onClick={onRetry}>
            {texts.actions.tryAgain}
          </Button>
        )}
      </div>
    </div>
  );
}
