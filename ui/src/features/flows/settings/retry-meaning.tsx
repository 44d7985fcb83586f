import { IconAlertTriangle } from '@tabler/icons-react';
import { useId } from 'react';
import { flowPolicy, forecastRetry, nodePolicy, nodesWithOwnRetry } from '@/api/retry-forecast';
import type { FlowNode } from '@/api/types';
import { formatWait } from '@/lib/time';
import { RetryHistory } from './retry-history';
import classes from './retry-meaning.module.css';
import { RetryPicture } from './retry-picture';
import { retrySentence, unbroken } from './retry-sentence';
import type { SettingValues } from './setting-values';
import { texts } from './texts';

interface RetryMeaningProps {
  flowId: string;
  values: SettingValues;
  nodes: readonly FlowNode[];
}

/** What the settings mean for a node that keeps failing, in words and as a picture. */
export function RetryMeaning({ flowId, values, nodes }: RetryMeaningProps) {
  const title = useId();
  const timeout = Number(values.timeout_seconds) > 0 ? Number(values.timeout_seconds) : null;
  const settings = { retry_on_failure: values.retry_on_failure, retry_count: Number(values.retry_count) };
  const forecast = forecastRetry(flowPolicy(settings), timeout);
  const own = nodesWithOwnRetry(nodes);
  const cut = texts.meaning.cut;
  return (
    <section className={classes.card} aria-labelledby={title}>
      <h2 className={classes.title} id={title}>
        {texts.meaning.title}
      </h2>
      <p className={classes.sentence} aria-live="polite">
        <span className={classes.soft}>{texts.meaning.lead}</span> {unbroken(retrySentence(forecast))}.
      </p>
      <RetryPicture forecast={forecast} timeoutSeconds={timeout} />
      {timeout !== null && forecast.isCut ? (
        <p className={classes.warning} data-tone="warning" role="status">
          <IconAlertTriangle size={16} aria-hidden className={classes.icon} />
          {unbroken(cut(forecast.attemptsInTime, forecast.attempts, timeout, forecast.totalWait))}
        </p>
      ) : (
        <p className={classes.foot}>
          {forecast.attempts > 1 && texts.meaning.plus}{' '}
          {timeout !== null && unbroken(texts.meaning.stop(formatWait(timeout)))}
        </p>
      )}
      {own.length > 0 && (
        <div className={classes.own}>
          <h3 className={classes.ownTitle}>{texts.meaning.own(own.length)}</h3>
          <ul className={classes.list}>
            {own.map((node) => {
              const its = forecastRetry(nodePolicy(settings, node), timeout);
              return (
                <li key={node.id} className={classes.node}>
                  <span className={classes.nodeName}>{node.name || node.id}</span>
                  <span className={classes.soft}>{unbroken(retrySentence(its))}</span>
                  {its.isCut && (
                    <span className={classes.cut} data-tone="warning">
                      {texts.meaning.cutNode}
                    </span>
                  )}
                </li>
              );
            })}
          </ul>
        </div>
      )}
      <RetryHistory flowId={flowId} />
    </section>
  );
}
