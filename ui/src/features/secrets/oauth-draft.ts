/** How an OAuth2 secret is entered. All functions are pure. */
import type { OauthInput, OauthSecret } from '@/api/secrets';

export interface OauthDraft {
  grant: OauthInput['grant'];
  tokenUrl: string;
  authorizationUrl: string;
  issuer: string;
  clientId: string;
  clientSecret: string;
  clientAuth: NonNullable<OauthInput['client_auth']>;
  scopes: string[];
  /** `name=value`, one a line. */
  tokenParameters: string;
  authorizationParameters: string;
}

/** Returns what is there already, without the client secret. */
export function draftOf(secret: OauthSecret | null): OauthDraft {
  return {
    grant: secret?.grant ?? 'client_credentials',
    tokenUrl: secret?.token_url ?? '',
    authorizationUrl: secret?.authorization_url ?? '',
    issuer: secret?.issuer ?? '',
    clientId: secret?.client_id ?? '',
    clientSecret: '',
    clientAuth: secret?.client_auth ?? 'basic',
    scopes: [...(secret?.scopes ?? [])],
    tokenParameters: linesOf(secret?.token_parameters ?? {}),
    authorizationParameters: linesOf(secret?.authorization_parameters ?? {}),
  };
}

/** Returns what is sent. What is for a person who allows it is left out where nobody has to. */
export function inputOf(draft: OauthDraft): OauthInput {
  const isCode = draft.grant === 'authorization_code';
  const hasSecret = draft.clientAuth !== 'none';
  return {
    grant: draft.grant,
    token_url: draft.tokenUrl.trim(),
    client_id: draft.clientId.trim(),
    client_auth: draft.clientAuth,
    scopes: draft.scopes,
    token_parameters: parametersOf(draft.tokenParameters),
    ...(hasSecret && { client_secret: draft.clientSecret }),
    ...(isCode && {
      authorization_url: draft.authorizationUrl.trim(),
      authorization_parameters: parametersOf(draft.authorizationParameters),
    }),
    ...(isCode && draft.issuer.trim() !== '' && { issuer: draft.issuer.trim() }),
  };
}

/** Returns whether there is enough to be sent. */
export function isComplete({ tokenUrl, clientId, clientSecret, clientAuth }: OauthDraft): boolean {
  return tokenUrl.trim() !== '' && clientId.trim() !== '' && (clientAuth === 'none' || clientSecret !== '');
}

function linesOf(parameters: Record<string, string>): string {
  const lines = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
  return lines.join('\n');
}

function parametersOf(text: string): Record<string, string> {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return Object.fromEntries(
    lines.map((line) => {
      const [name = '', ...value] = line.split('=');
      return [name.trim(), value.join('=').trim()];
    }),
  );
}
