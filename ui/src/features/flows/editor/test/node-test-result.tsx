import type { NodeTest } from '@/api/flows';
import { forecastRetry, nodePolicy } from '@/api/retry-forecast';
import type { Flow, FlowNode } from '@/api/types';
import { errorClassLabel } from '@/components/error-classes';
import { JsonView } from '@/components/json-view';
import { usageText } from '@/components/usage-text';
import { Verdicts } from '@/components/verdicts';
import { useNow } from '@/lib/clock';
import { visible } from '@/lib/json-text';
import { formatCountdown, formatDuration } from '@/lib/time';
import { type Failed, isRetried, type Step } from '../bench/chain';
import classes from './node-test.module.css';
import { texts } from './texts';

interface NodeTestResultProps {
  result: NodeTest;
  step: Step | null;
  node: FlowNode;
  flow: Flow;
}

/** What one attempt came to. Its output is shown as what is pinned. */
export function NodeTestResult({ result, step, node, flow }: NodeTestResultProps) {
  const usage = usageText(result.usage);
  const { error } = result;
  const attempts = step && 'attempts' in step && step.attempts > 1 ? step.attempt : 1;
  return (
    <div className={classes.result} role="group" aria-label={result.success ? texts.succeeded : texts.failed}>
      <p className={classes.outcome} data-tone={result.success ? 'success' : 'danger'}>
        <strong>{result.success ? texts.succeeded : texts.failed}</strong>{' '}
        {attempts > 1 && `${texts.afterAttempts(attempts)}, `}
        {texts.took(formatDuration(result.duration_ms))}
        {usage && texts.tokens(usage)}
      </p>
      {error && <Fault error={error} />}
      {error && attempts === 1 && <p className={classes.detail}>{retriesOf(flow, node, error)}</p>}
      <Verdicts verdicts={result.verdicts} />
    </div>
  );
}

/** What the templates of a node came to. */
export function ResolvedInput({ result, node }: Pick<NodeTestResultProps, 'result' | 'node'>) {
  if (result.input === null) return null;
  return (
    <details className={classes.more} open={!result.success || undefined}>
      <summary>{texts.resolved}</summary>
      <section aria-label={texts.resolved}>
        <JsonView value={result.input} fileName={`${node.id}-input.json`} />
      </section>
    </details>
  );
}

function Fault({ error }: { error: Failed }) {
  return (
    <div className={classes.error}>
      <span className={classes.errorClass}>{errorClassLabel(error.error_class)}</span>
      <p className={classes.message}>{visible(error.error_message)}</p>
    </div>
  );
}

/** What a run would do about a failure. */
function retriesOf(flow: Flow, node: FlowNode, error: Failed): string {
  const policy = nodePolicy(flow, node);
  if (!isRetried(node, error)) return texts.neverRetried(errorClassLabel(error.error_class).toLowerCase());
  if (policy.count === 0) return texts.wouldNotRetry;
  const { waits } = forecastRetry(policy, null);
  const shown = waits.slice(0, 4).map((seconds) => formatDuration(seconds * 1_000));
  return texts.wouldRetry(policy.count, [...shown, ...(waits.length > 4 ? ['…'] : [])].join(', '));
}

/** How far a node is that is tested. */
export function StepState({ step }: { step: Step }) {
  const now = useNow(step.at === 'retrying' ? 250 : 0);
  switch (step.at) {
    case 'running':
      return (
        <p className={classes.detail}>
          {step.attempts > 1 ? texts.runningAttempt(step.attempt, step.attempts) : texts.running}
        </p>
      );
    case 'retrying':
      return (
        <>
          <p className={classes.outcome} data-tone="warning" aria-live="off">
            <strong>
              {texts.retrying(formatCountdown(Math.max(0, step.until - now)), step.attempt, step.attempts)}
            </strong>
          </p>
          <Fault error={step.error} />
        </>
      );
    case 'cancelled':
      return <p className={classes.detail}>{texts.cancelled}</p>;
    case 'skipped':
      return <p className={classes.detail}>{texts.skipped}</p>;
    case 'pinned':
      return <p className={classes.detail}>{texts.pinned}</p>;
    case 'waiting':
      return <p className={classes.detail}>{texts.waiting}</p>;
    case 'completed':
    case 'failed':
      return null;
  }
}
