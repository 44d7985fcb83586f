import { StatusIcon } from '@/components/status-icon';
import { formatDuration } from '@/lib/time';
import classes from './notes.module.css';
import type { Recovery } from './recovery';
import { texts } from './texts';

/** That the server stopped while the execution ran, and what was not lost. */
export function RecoveryNote({ recovery }: { recovery: Recovery }) {
  const { outages, keptTurns, keptTools, repeated, tokensBoughtTwice } = recovery;
  const away = outages.reduce((sum, { from, to }) => sum + to - from, 0);
  const says = texts.recovery;
  return (
    <div className={classes.note} data-tone="success" role="status">
      <StatusIcon status="recovered" size={16} />
      <span className={classes.grow}>
        {says.stopped(outages.length, formatDuration(away))}
        {keptTurns + keptTools > 0 && (
          <>
            {' '}
            {says.kept(keptTurns, keptTools)} <strong>{says.boughtTwice(tokensBoughtTwice)}</strong>
          </>
        )}
        {repeated > 0 && ` ${says.repeated(repeated)}`}
      </span>
    </div>
  );
}
