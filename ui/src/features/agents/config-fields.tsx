import { Select, Switch, TextInput } from '@mantine/core';
import { ExactNumberInput } from '@/components/exact-number-input';
import classes from './agents.module.css';
import { ApiField } from './api-field';
import { CommandField } from './command-field';
import { type AgentDraft, commandOf, PROVIDERS } from './draft';
import { ModelField } from './model-field';
import { texts } from './texts';

const IDLE_SECONDS_MAX = 3600;

interface ConfigFieldsProps {
  /** `null` for a new agent. */
  agentId: string | null;
  draft: AgentDraft;
  fault: (pointer: string) => string | undefined;
  onChange: (config: Record<string, unknown>) => void;
}

/** How to reach the agent, by its type. */
export function ConfigFields({ agentId, draft, fault, onChange }: ConfigFieldsProps) {
  const { form } = texts;
  const set = (key: string, value: unknown) => onChange({ ...draft.config, [key]: value });
  const field = (key: string, label: string, description?: string) => (
    <TextInput
      label={label}
      description={description}
      value={typeof draft.config[key] === 'string' ? draft.config[key] : ''}
      error={fault(`/config/${key}`)}
      onChange={(event) => set(key, event.currentTarget.value)}
    />
  );
  if (draft.type === 'http') {
    return (
      <>
        {field('endpoint', form.endpoint, form.endpointHint)}
        {field('api_key', form.apiKey, form.apiKeyHint)}
      </>
    );
  }
  if (draft.type === 'mcp') {
    return (
      <>
        <CommandField
          command={commandOf(draft)}
          error={fault('/config/command')}
          onChange={(name) => set('command', name)}
        />
        {!commandOf(draft) && field('url', form.url, form.urlHint)}
        {!commandOf(draft) && field('api_key', form.apiKey, form.apiKeyHint)}
      </>
    );
  }
  const isStream = draft.config.stream !== false;
  return (
    <>
      <div className={classes.pair}>
        <Select
          label={form.provider}
          description={form.providerHint}
          data={[...PROVIDERS]}
          value={typeof draft.config.provider === 'string' ? draft.config.provider : null}
          error={fault('/config/provider')}
          allowDeselect={false}
          // Other providers have one API each.
          onChange={(provider) => onChange({ ...draft.config, provider: provider ?? '', api: '' })}
        />
        {field('base_url', form.baseUrl, form.baseUrlHint)}
      </div>
      {draft.config.provider === 'openai' && (
        <ApiField
          api={draft.config.api}
          placeholder={form.apis.chat_completions}
          error={fault('/config/api')}
          onChange={(api) => set('api', api)}
        />
      )}
      <div className={classes.pair}>
        <ModelField
          agentId={agentId}
          draft={draft}
          error={fault('/config/model')}
          onChange={(model) => set('model', model)}
        />
        <ExactNumberInput
          label={form.temperature}
          min={0}
          max={2}
          step={0.1}
          value={draft.config.temperature}
          error={fault('/config/temperature')}
          onChange={(value) => set('temperature', value ?? '')}
        />
      </div>
      {field('api_key', form.apiKey, form.apiKeyHint)}
      <div className={classes.pair}>
        <Switch
          label={form.stream}
          description={form.streamHint}
          checked={isStream}
          error={fault('/config/stream')}
          onChange={(event) => set('stream', event.currentTarget.checked ? '' : false)}
        />
        <ExactNumberInput
          label={form.idleTimeout}
          description={form.idleTimeoutHint}
          placeholder={isStream ? form.idleTimeoutOfStream : form.idleTimeoutElse}
          min={1}
          max={IDLE_SECONDS_MAX}
          allowDecimal={false}
          value={draft.config.idle_timeout_seconds}
          error={fault('/config/idle_timeout_seconds')}
          onChange={(value) => set('idle_timeout_seconds', value ?? '')}
        />
      </div>
    </>
  );
}
