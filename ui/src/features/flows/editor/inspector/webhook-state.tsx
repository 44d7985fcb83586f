import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { Flow } from '@/api/types';
import { type Webhook, type WebhookCall, webhookOfQuery } from '@/api/webhooks';
import { CopyButton } from '@/components/copy-button';
import { RelativeTime } from '@/components/relative-time';
import { texts } from './texts';
import classes from './webhook-state.module.css';

/** Where a webhook is called, whether its secrets are set, and what became of the last calls. */
export function WebhookState({ path, flow }: { path: unknown; flow: Flow }) {
  const webhook = useQuery(webhookOfQuery(flow.id));
  const address = typeof path === 'string' && path !== '' ? `${window.location.origin}/hooks/${path}` : null;
  return (
    <section className={classes.frame} aria-label={texts.webhook.address}>
      <h3 className={classes.title}>{texts.webhook.address}</h3>
      {address === null ? (
        <p className={classes.note}>{texts.webhook.noPath}</p>
      ) : (
        <div className={classes.address}>
          <code>{address}</code>
          <CopyButton value={address} label={texts.webhook.copyAddress} />
        </div>
      )}
      {flow.status !== 'active' && <p className={classes.note}>{texts.webhook.notActive}</p>}
      {webhook.isError && <p className={classes.note}>{texts.webhook.callsAway}</p>}
      {webhook.data === null && <p className={classes.note}>{texts.webhook.notSaved}</p>}
      {webhook.data && <Saved webhook={webhook.data} />}
    </section>
  );
}

function Saved({ webhook }: { webhook: Webhook }) {
  return (
    <>
      <ul className={classes.list}>
        {webhook.secrets.map(({ name, status }) => (
          <li key={name} className={classes.secret} data-tone={status === 'set' ? 'success' : 'danger'}>
            <span>{texts.webhook.secret(name)}</span>
            <span className={classes.status}>{texts.webhook.secretStatus[status]}</span>
          </li>
        ))}
      </ul>
      <h3 className={classes.title}>{texts.webhook.calls}</h3>
      {webhook.calls.length === 0 && <p className={classes.note}>{texts.webhook.noCalls}</p>}
      <ul className={classes.list} aria-label={texts.webhook.calls}>
        {webhook.calls.map((call) => (
          <Call key={`${call.at} ${call.execution_id ?? call.reason}`} call={call} />
        ))}
      </ul>
    </>
  );
}

function Call({ call: { at, count, verdict, execution_id, reason } }: { call: WebhookCall }) {
  const why = reason === null ? '' : `: ${texts.webhook.reasons.get(reason) ?? reason}`;
  return (
    <li className={classes.call} data-tone={verdict === 'refused' ? 'danger' : 'neutral'}>
      <RelativeTime time={at} />
      <span className={classes.verdict}>
        {`${texts.webhook.verdict[verdict]}${why}`}
        {count > 1 && ` ${texts.webhook.times(count)}`}{' '}
        {execution_id !== null && (
          <Link to="/executions/$executionId" params={{ executionId: execution_id }} className={classes.link}>
            {texts.webhook.openExecution}
          </Link>
        )}
      </span>
    </li>
  );
}
