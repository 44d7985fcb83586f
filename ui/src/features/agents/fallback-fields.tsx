import { ActionIcon, Button, Select, TextInput } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconPlus, IconTrash } from '@tabler/icons-react';
import classes from './agents.module.css';
import { ApiField } from './api-field';
import { type FallbackDraft, freeKey, movedUp, PROVIDERS, type PricesDraft } from './draft';
import { PriceFields } from './price-fields';
import { texts } from './texts';

interface FallbackFieldsProps {
  /** The provider of the first model. */
  provider: unknown;
  fallbacks: readonly FallbackDraft[];
  /** Returns the server's fault at a pointer. */
  fault: (pointer: string) => string | undefined;
  onChange: (fallbacks: readonly FallbackDraft[]) => void;
}

/** The models that are asked if the first one cannot answer, in order. */
export function FallbackFields({ provider, fallbacks, fault, onChange }: FallbackFieldsProps) {
  const { fallbacks: words } = texts.form;
  const add = () => onChange([...fallbacks, { key: freeKey(fallbacks), config: { model: '' } }]);
  const set = (changed: FallbackDraft) => onChange(fallbacks.map((one) => (one.key === changed.key ? changed : one)));
  return (
    <>
      {fallbacks.length > 0 && (
        <>
          <h2 className={classes.heading}>{words.title}</h2>
          <p className={classes.hint}>{words.hint}</p>
        </>
      )}
      {fallbacks.map((fallback, place) => (
        <section key={fallback.key} className={classes.skill} aria-label={words.nth(place + 1)}>
          <div className={classes.head}>
            <h3 className={classes.heading}>{words.nth(place + 1)}</h3>
            <div className={classes.moves}>
              {place > 0 && (
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  aria-label={words.moveUp(place + 1)}
                  onClick={() => onChange(movedUp(fallbacks, place))}
                >
                  <IconArrowUp size={16} aria-hidden />
                </ActionIcon>
              )}
              {place < fallbacks.length - 1 && (
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  aria-label={words.moveDown(place + 1)}
                  onClick={() => onChange(movedUp(fallbacks, place + 1))}
                >
                  <IconArrowDown size={16} aria-hidden />
                </ActionIcon>
              )}
              <ActionIcon
                variant="subtle"
                color="gray"
                aria-label={words.remove(place + 1)}
                onClick={() => onChange(fallbacks.filter((one) => one.key !== fallback.key))}
              >
                <IconTrash size={16} aria-hidden />
              </ActionIcon>
            </div>
          </div>
          <ModelFields
            name={words.nth(place + 1)}
            first={provider}
            fallback={fallback}
            fault={(key) => fault(`/config/fallbacks/${place}${key}`)}
            onChange={set}
          />
        </section>
      ))}
      <div>
        <Button variant="default" size="xs" leftSection={<IconPlus size={14} aria-hidden />} onClick={add}>
          {words.add}
        </Button>
      </div>
    </>
  );
}

interface ModelFieldsProps {
  name: string;
  /** The provider of the first model. */
  first: unknown;
  fallback: FallbackDraft;
  fault: (key: string) => string | undefined;
  onChange: (fallback: FallbackDraft) => void;
}

function ModelFields({ name, first, fallback, fault, onChange }: ModelFieldsProps) {
  const { form } = texts;
  const { config } = fallback;
  const set = (key: string, value: unknown) => onChange({ ...fallback, config: { ...config, [key]: value } });
  const textOf = (key: string) => (typeof config[key] === 'string' ? config[key] : '');
  const field = (key: string, label: string) => (
    <TextInput
      label={label}
      value={textOf(key)}
      error={fault(`/${key}`)}
      required={key === 'model'}
      onChange={(event) => set(key, event.currentTarget.value)}
    />
  );
  return (
    <>
      <div className={classes.pair}>
        {field('model', form.model)}
        <Select
          label={form.provider}
          placeholder={form.fallbacks.sameProvider}
          data={[...PROVIDERS]}
          value={textOf('provider') || null}
          error={fault('/provider')}
          clearable
          // Other providers have one API each.
          onChange={(provider) => onChange({ ...fallback, config: { ...config, provider: provider ?? '', api: '' } })}
        />
      </div>
      {(textOf('provider') || first) === 'openai' && (
        <ApiField
          api={config.api}
          placeholder={form.fallbacks.sameProvider}
          error={fault('/api')}
          onChange={(api) => set('api', api)}
        />
      )}
      <div className={classes.pair}>
        {field('base_url', form.baseUrl)}
        {field('api_key', form.apiKey)}
      </div>
      <PriceFields
        of={name}
        prices={(config.prices ?? {}) as PricesDraft}
        fault={(key) => fault(`/prices${key}`)}
        onChange={(prices) => set('prices', prices)}
      />
    </>
  );
}
