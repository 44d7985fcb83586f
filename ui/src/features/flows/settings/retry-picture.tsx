import { Fragment } from 'react';
import type { RetryForecast } from '@/api/retry-forecast';
import { formatWait } from '@/lib/time';
import classes from './retry-picture.module.css';
import { texts } from './texts';

interface RetryPictureProps {
  forecast: RetryForecast;
  timeoutSeconds: number | null;
}

/**
 * Attempts as bars, the backoffs between them as gaps.
 *
 * Backoffs double, so at true scale only the last one would be visible: gaps are logarithmic and labelled.
 */
export function RetryPicture({ forecast, timeoutSeconds }: RetryPictureProps) {
  const { attempts, waits, attemptsInTime } = forecast;
  return (
    <div className={classes.picture} role="img" aria-label={texts.meaning.picture}>
      {Array.from({ length: attempts }, (_, at) => at + 1).map((number) => {
        const wait = waits[number - 1];
        const isLost = number > attemptsInTime;
        const isCutHere = timeoutSeconds !== null && number === attemptsInTime && number < attempts;
        return (
          <Fragment key={number}>
            <span
              className={classes.bar}
              data-tone={isLost ? 'muted' : number === attempts ? 'danger' : 'warning'}
              data-lost={isLost || undefined}
              title={
                isLost ? `${texts.meaning.attempt(number)}: ${texts.meaning.never}` : texts.meaning.attempt(number)
              }
            >
              {number}
            </span>
            {wait !== undefined && (
              <span
                className={classes.gap}
                data-lost={isLost || undefined}
                style={{ flexGrow: weightOf(wait) }}
                title={formatWait(wait)}
              >
                <span className={classes.length}>{shortWait(wait)}</span>
                {isCutHere && <span className={classes.deadline} title={texts.meaning.deadline} />}
              </span>
            )}
          </Fragment>
        );
      })}
    </div>
  );
}

function weightOf(seconds: number): number {
  return 2 + Math.log2(1 + seconds);
}

/** Short form for narrow gaps: `8 min 32 s` becomes `8:32`. */
function shortWait(seconds: number): string {
  if (seconds < 60) return formatWait(seconds);
  return `${Math.floor(seconds / 60)}:${String(Math.round(seconds % 60)).padStart(2, '0')}`;
}
