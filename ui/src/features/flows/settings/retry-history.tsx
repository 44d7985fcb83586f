import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { historyQuery, type RetryTotals } from './queries';
import classes from './retry-meaning.module.css';
import { texts } from './texts';

/** The flow's recent outcomes, to compare with what the settings mean. */
export function RetryHistory({ flowId }: { flowId: string }) {
  const history = useQuery(historyQuery(flowId));
  return (
    <div className={classes.own}>
      <h3 className={classes.ownTitle}>{texts.history.title}</h3>
      <div className={classes.history}>
        {history.isPending && <Skeleton height={10} width="72%" mt={5} />}
        {history.isError && <span className={classes.soft}>{texts.history.failed}</span>}
        {history.isSuccess && <Totals totals={history.data} />}
      </div>
    </div>
  );
}

function Totals({ totals }: { totals: RetryTotals }) {
  const { history } = texts;
  if (totals.executions === 0) return <span className={classes.soft}>{history.none}</span>;
  const facts = [
    { key: 'first', tone: 'success', text: history.firstTry(totals.first_try, totals.executions) },
    { key: 'recovered', tone: 'warning', text: totals.recovered > 0 && history.recovered(totals.recovered) },
    { key: 'exhausted', tone: 'danger', text: totals.exhausted > 0 && history.exhausted(totals.exhausted) },
    { key: 'timed-out', tone: 'danger', text: totals.timed_out > 0 && history.timedOut(totals.timed_out) },
  ];
  return (
    <ul className={classes.facts}>
      {facts.map(
        ({ key, tone, text }) =>
          text && (
            <li key={key} className={classes.fact} data-tone={tone}>
              {text}
            </li>
          ),
      )}
    </ul>
  );
}
