import type { NodeTest } from '@/api/flows';
import { errorClassLabel } from '@/components/error-classes';
import { JsonView } from '@/components/json-view';
import { usageText } from '@/components/usage-text';
import { Verdicts } from '@/components/verdicts';
import { visible } from '@/lib/json-text';
import { formatDuration } from '@/lib/time';
import classes from './node-test.module.css';
import { texts } from './texts';

interface NodeTestResultProps {
  result: NodeTest;
  nodeId: string;
}

/** What one attempt came to. */
export function NodeTestResult({ result, nodeId }: NodeTestResultProps) {
  const usage = usageText(result.usage);
  const { error } = result;
  return (
    <div className={classes.result} role="group" aria-label={result.success ? texts.succeeded : texts.failed}>
      <p className={classes.outcome} data-tone={result.success ? 'success' : 'danger'}>
        <strong>{result.success ? texts.succeeded : texts.failed}</strong>{' '}
        {texts.took(formatDuration(result.duration_ms))}
        {usage && texts.tokens(usage)}
      </p>
      {error && (
        <div className={classes.error}>
          <span className={classes.errorClass}>{errorClassLabel(error.error_class)}</span>
          <p className={classes.message}>{visible(error.error_message)}</p>
        </div>
      )}
      <Verdicts verdicts={result.verdicts} />
      {result.success && (
        <section aria-label={texts.result}>
          <h3 className={classes.heading}>{texts.result}</h3>
          <JsonView value={result.output} fileName={`${nodeId}-output.json`} />
        </section>
      )}
      {result.input !== null && (
        <section aria-label={texts.input}>
          <h3 className={classes.heading}>{texts.input}</h3>
          <JsonView value={result.input} fileName={`${nodeId}-input.json`} />
        </section>
      )}
    </div>
  );
}
