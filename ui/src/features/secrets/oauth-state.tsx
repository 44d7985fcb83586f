import type { OauthSecret } from '@/api/secrets';
import { CopyButton } from '@/components/copy-button';
import table from '@/components/record-table.module.css';
import { RelativeTime } from '@/components/relative-time';
import { texts } from './texts';

const { oauth: words } = texts;
const TONES = { ready: 'success', needs_connection: 'warning', failing: 'danger' } as const;

/** How an OAuth2 secret is doing, and what to do about it. */
export function OauthState({ oauth2 }: { oauth2: OauthSecret }) {
  const { connection, error, expires_at, redirect_uri, token_url, scopes } = oauth2;
  const needsConnection = connection === 'needs_connection';
  return (
    <>
      <span className={table.mark} data-tone={TONES[connection]}>
        {words.connections[connection]}
      </span>
      <div className={table.soft}>{words.about(hostOf(token_url), scopes)}</div>
      {expires_at && !needsConnection && (
        <div className={table.soft}>
          {words.expires} <RelativeTime time={expires_at} />
        </div>
      )}
      {error && <div className={table.soft}>{error}</div>}
      {needsConnection && redirect_uri && (
        <div className={table.soft}>
          {words.redirect} <code>{redirect_uri}</code> <CopyButton value={redirect_uri} label={words.copyRedirect} />
        </div>
      )}
    </>
  );
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}
