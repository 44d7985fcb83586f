import { Radio, Select, TagsInput, Textarea, TextInput } from '@mantine/core';
import { Prose } from '@/components/prose';
import type { OauthDraft } from './oauth-draft';
import classes from './secrets.module.css';
import { texts } from './texts';

const { oauth: words } = texts;

export interface OauthFieldsProps {
  draft: OauthDraft;
  set: (change: Partial<OauthDraft>) => void;
  /** Returns what is wrong at a place of the body. */
  fault: (pointer: string) => string | undefined;
}

/** How the tokens of an OAuth2 secret are obtained. The client secret is never shown. */
export function OauthFields({ draft, set, fault }: OauthFieldsProps) {
  const isCode = draft.grant === 'authorization_code';
  return (
    <>
      <Radio.Group
        label={words.grant}
        value={draft.grant}
        onChange={(grant) => set({ grant: grant as OauthDraft['grant'] })}
      >
        <div className={classes.grants}>
          <Radio value="client_credentials" label={words.client} description={words.clientHint} />
          <Radio value="authorization_code" label={words.person} description={words.personHint} />
        </div>
      </Radio.Group>
      <Line label={words.tokenUrl} of="tokenUrl" at="/oauth2/token_url" {...{ draft, set, fault }} />
      {isCode && (
        <Line
          label={words.authorizationUrl}
          of="authorizationUrl"
          at="/oauth2/authorization_url"
          {...{ draft, set, fault }}
        />
      )}
      <Line label={words.clientId} of="clientId" at="/oauth2/client_id" {...{ draft, set, fault }} />
      <Select
        label={words.clientAuth}
        data={words.clientAuths.filter(({ value }) => isCode || value !== 'none')}
        value={draft.clientAuth}
        error={fault('/oauth2/client_auth')}
        onChange={(value) => set({ clientAuth: (value ?? 'basic') as OauthDraft['clientAuth'] })}
        allowDeselect={false}
      />
      {draft.clientAuth !== 'none' && (
        <TextInput
          label={words.clientSecret}
          description={words.clientSecretHint}
          value={draft.clientSecret}
          error={fault('/oauth2/client_secret')}
          classNames={{ input: classes.masked }}
          onChange={(event) => set({ clientSecret: event.currentTarget.value })}
          autoComplete="off"
          spellCheck={false}
          required
        />
      )}
      <TagsInput
        label={words.scopes}
        description={words.scopesHint}
        value={draft.scopes}
        error={fault('/oauth2/scopes')}
        onChange={(scopes) => set({ scopes: scopes.flatMap(wordsOf) })}
        splitChars={[' ']}
        acceptValueOnBlur
      />
      <MoreFields {...{ draft, set, fault }} />
    </>
  );
}

/** Providers show scopes on one line, and none of them has a blank. */
function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

/** What few providers need. */
function MoreFields({ draft, set, fault }: OauthFieldsProps) {
  const isCode = draft.grant === 'authorization_code';
  return (
    <details className={classes.more}>
      <summary>{words.more}</summary>
      <Lines
        label={words.tokenParameters}
        hint={words.tokenParametersHint}
        value={draft.tokenParameters}
        error={fault('/oauth2/token_parameters')}
        onChange={(tokenParameters) => set({ tokenParameters })}
      />
      {isCode && (
        <>
          <Lines
            label={words.authorizationParameters}
            hint={words.authorizationParametersHint}
            value={draft.authorizationParameters}
            error={fault('/oauth2/authorization_parameters')}
            onChange={(authorizationParameters) => set({ authorizationParameters })}
          />
          <TextInput
            label={words.issuer}
            description={words.issuerHint}
            value={draft.issuer}
            error={fault('/oauth2/issuer')}
            onChange={(event) => set({ issuer: event.currentTarget.value })}
            spellCheck={false}
          />
        </>
      )}
    </details>
  );
}

interface LineProps extends OauthFieldsProps {
  label: string;
  of: 'tokenUrl' | 'authorizationUrl' | 'clientId';
  at: string;
}

function Line({ label, of, at, draft, set, fault }: LineProps) {
  return (
    <TextInput
      label={label}
      value={draft[of]}
      error={fault(at)}
      onChange={(event) => set({ [of]: event.currentTarget.value })}
      spellCheck={false}
      autoComplete="off"
      required
    />
  );
}

interface LinesProps {
  label: string;
  hint: string;
  value: string;
  error: string | undefined;
  onChange: (text: string) => void;
}

function Lines({ label, hint, value, error, onChange }: LinesProps) {
  return (
    <Textarea
      label={label}
      description={<Prose text={hint} />}
      value={value}
      error={error}
      classNames={{ input: classes.shown }}
      onChange={(event) => onChange(event.currentTarget.value)}
      spellCheck={false}
      autosize
      minRows={1}
      maxRows={6}
    />
  );
}
