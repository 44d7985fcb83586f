import { Tooltip } from '@mantine/core';
import type { FlowCounts } from '@/api/reports';
import { formatPercent } from '@/lib/locale';
import classes from './flow-card.module.css';
import { texts } from './texts';

interface SuccessRateProps {
  week: FlowCounts | undefined;
  isKnown: boolean;
}

/** The share of executions of the last seven days that completed. */
export function SuccessRate({ week, isKnown }: SuccessRateProps) {
  const rate = week?.success_rate;
  if (!week || typeof rate !== 'number') {
    return (
      <span className={classes.rate} title={isKnown ? texts.card.noneEnded : undefined}>
        <span aria-hidden>–</span>
        <span className="visually-hidden">{isKnown && texts.card.noneEnded}</span>
      </span>
    );
  }
  return (
    <Tooltip label={texts.card.successOf(week.executions, week.recovered)}>
      <span className={classes.rate} data-tone={toneOf(rate)} data-known>
        {percent(rate)}
        <span className="visually-hidden">{texts.card.success('')}</span>
      </span>
    </Tooltip>
  );
}

/** Rounds so that a failure is never hidden: `99.9 %` does not become `100 %`. */
function percent(rate: number): string {
  if (rate > 0.99 && rate < 1) return formatPercent(Math.floor(rate * 1_000) / 10);
  return formatPercent(Math.round(rate * 100));
}

function toneOf(rate: number): string {
  if (rate >= 0.99) return 'success';
  return rate >= 0.9 ? 'warning' : 'danger';
}
