/** How calls of a webhook are signed, as snippets show it. All functions are pure. */
import { isRecord } from '@/lib/json';
import { own } from '@/lib/own';

/** What a sender does. `{id}`, `{time}`, `{body}` and `{signature}` stand for what it fills in. */
export interface Signing {
  /** The variable with the secret. */
  secret: string;
  /** Whether the key is what the secret says in Base64, after `whsec_`. */
  isKeyEncoded: boolean;
  algorithm: 'sha256' | 'sha512';
  encoding: 'hex' | 'base64';
  /** What is signed; `null` where the secret itself is sent. */
  signed: string | null;
  headers: readonly (readonly [name: string, value: string])[];
}

const HMAC = { isKeyEncoded: false, algorithm: 'sha256', encoding: 'hex' } as const;

/** Returns how calls of a webhook are signed; `null` for a scheme that is not known. */
export function signingOf(webhook: Record<string, unknown>): Signing | null {
  const text = (key: string) => {
    const value = own(webhook, key);
    return typeof value === 'string' && value !== '' ? value : null;
  };
  const secret = secretOf(own(webhook, 'secret'));
  switch (text('scheme')) {
    case 'github': {
      const headers = [
        ['X-GitHub-Delivery', '{id}'],
        ['X-Hub-Signature-256', 'sha256={signature}'],
      ] as const;
      return { ...HMAC, secret, signed: '{body}', headers };
    }
    case 'stripe':
      return { ...HMAC, secret, signed: '{time}.{body}', headers: [['Stripe-Signature', 't={time},v1={signature}']] };
    case 'slack': {
      const headers = [
        ['X-Slack-Request-Timestamp', '{time}'],
        ['X-Slack-Signature', 'v0={signature}'],
      ] as const;
      return { ...HMAC, secret, signed: 'v0:{time}:{body}', headers };
    }
    case 'standard_webhooks': {
      const headers = [
        ['webhook-id', '{id}'],
        ['webhook-timestamp', '{time}'],
        ['webhook-signature', 'v1,{signature}'],
      ] as const;
      return { ...HMAC, secret, isKeyEncoded: true, encoding: 'base64', signed: '{id}.{time}.{body}', headers };
    }
    case 'hmac': {
      const time = text('timestamp_header');
      const id = text('id_header');
      return {
        secret,
        isKeyEncoded: false,
        algorithm: text('algorithm') === 'sha512' ? 'sha512' : 'sha256',
        encoding: text('encoding') === 'base64' ? 'base64' : 'hex',
        signed: time === null ? '{body}' : '{time}.{body}',
        headers: [
          ...(id === null ? [] : [[id, '{id}'] as const]),
          ...(time === null ? [] : [[time, '{time}'] as const]),
          [text('header') ?? 'X-Signature', `${text('prefix') ?? ''}{signature}`],
        ],
      };
    }
    case 'bearer': {
      const headers = [
        [text('id_header') ?? 'Idempotency-Key', '{id}'],
        ['Authorization', 'Bearer {secret}'],
      ] as const;
      return { ...HMAC, secret, signed: null, headers };
    }
    default:
      return null;
  }
}

/** Returns the webhook of a flow, if one of its triggers has one. */
export function webhookOf(nodes: readonly Record<string, unknown>[]): Record<string, unknown> | null {
  const webhook = nodes.map((node) => (node.type === 'trigger' ? own(node, 'webhook') : null)).find(isRecord);
  return webhook ?? null;
}

function secretOf(secret: unknown): string {
  const first: unknown = Array.isArray(secret) ? secret[0] : secret;
  const name = typeof first === 'string' ? /^\$\{\s*secrets\.([A-Za-z0-9_]+)\s*\}$/.exec(first)?.[1] : undefined;
  // A variable does not begin with a digit.
  return name && /^[A-Za-z_]/.test(name) ? name : 'WEBHOOK_SECRET';
}
