import { ActionIcon, Button, MultiSelect, Select, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { jsonText } from '@/lib/json';
import classes from './agents.module.css';
import { freeKey } from './draft';
import {
  CHECKS,
  type Check,
  checkOf,
  type GuardrailDraft,
  isShown,
  newGuardrail,
  STAGES,
  type Stage,
  stageOf,
  thenOf,
  thensOf,
  withCheck,
  withKey,
  withStage,
} from './guardrails';
import { JudgeFields } from './judge-fields';
import { SchemaField } from './schema-field';
import { texts } from './texts';

interface GuardrailFieldsProps {
  guardrails: readonly GuardrailDraft[];
  /** The names of the tools of the skill. */
  tools: readonly string[];
  /** Returns the server's fault at a key, given as `/key`. */
  fault: (key: string) => string | undefined;
  onChange: (guardrails: readonly GuardrailDraft[]) => void;
}

/** What the values of a skill have to be, beyond their schemas. */
export function GuardrailFields({ guardrails, tools, fault, onChange }: GuardrailFieldsProps) {
  const { guardrails: words } = texts;
  const set = (changed: GuardrailDraft) => onChange(guardrails.map((one) => (one.key === changed.key ? changed : one)));
  return (
    <>
      {guardrails.length > 0 && (
        <>
          <h4 className={classes.heading}>{words.title}</h4>
          <p className={classes.hint}>{words.hint}</p>
        </>
      )}
      {guardrails.map((guardrail, place) => (
        <section key={guardrail.key} className={classes.skill} aria-label={words.nth(place + 1)}>
          <div className={classes.head}>
            <h5 className={classes.heading}>{String(guardrail.config.name ?? '') || words.nth(place + 1)}</h5>
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={words.remove(place + 1)}
              onClick={() => onChange(guardrails.filter((one) => one.key !== guardrail.key))}
            >
              <IconTrash size={16} aria-hidden />
            </ActionIcon>
          </div>
          {isShown(guardrail) ? (
            <Fields guardrail={guardrail} tools={tools} fault={(key) => fault(`/${place}${key}`)} onChange={set} />
          ) : (
            <>
              <p className={classes.hint}>{words.notShown}</p>
              <pre className={classes.kept}>{jsonText(guardrail.config)}</pre>
            </>
          )}
        </section>
      ))}
      <div>
        <Button
          variant="default"
          size="xs"
          leftSection={<IconPlus size={14} aria-hidden />}
          onClick={() => onChange([...guardrails, newGuardrail(freeKey(guardrails))])}
        >
          {words.add}
        </Button>
      </div>
    </>
  );
}

interface FieldsProps {
  guardrail: GuardrailDraft;
  tools: readonly string[];
  fault: (key: string) => string | undefined;
  onChange: (guardrail: GuardrailDraft) => void;
}

function Fields({ guardrail, tools, fault, onChange }: FieldsProps) {
  const { guardrails: words } = texts;
  const { config } = guardrail;
  const [stage, check] = [stageOf(config) ?? 'output', checkOf(config) ?? 'deny'];
  const textOf = (key: string) => (typeof config[key] === 'string' ? config[key] : '');
  const set = (key: string, value: unknown) => onChange(withKey(guardrail, key, value));
  const chosen = Array.isArray(config.tools) ? (config.tools as string[]) : [];
  const thens = thensOf(stage, check);
  // That there is no check, or several, is said at one of them.
  const ofOthers = CHECKS.filter((other) => other !== check).map((other) => fault(`/${other}`));
  return (
    <>
      <div className={classes.pair}>
        <TextInput
          label={words.name}
          value={textOf('name')}
          error={fault('') ?? fault('/name')}
          required
          onChange={(event) => set('name', event.currentTarget.value)}
        />
        <Select
          label={words.on}
          data={STAGES.map((value) => ({ value, label: words.stages[value] }))}
          value={stage}
          error={fault('/on')}
          allowDeselect={false}
          onChange={(value) => onChange(withStage(guardrail, value as Stage))}
        />
      </div>
      {stage === 'arguments' && (
        <MultiSelect
          label={words.tools}
          placeholder={chosen.length === 0 ? words.allTools : undefined}
          data={[...new Set([...tools, ...chosen])]}
          value={chosen}
          error={fault('/tools')}
          onChange={(value) => set('tools', value)}
        />
      )}
      <div className={classes.pair}>
        <Select
          label={words.check}
          data={CHECKS.map((value) => ({ value, label: words.checks[value] }))}
          value={check}
          error={ofOthers.find(Boolean)}
          allowDeselect={false}
          onChange={(value) => onChange(withCheck(guardrail, value as Check))}
        />
        <Select
          label={words.follows}
          data={thens.map((value) => ({ value, label: words.thens[value] }))}
          value={thenOf(config, stage, check)}
          error={fault('/then')}
          disabled={thens.length === 1}
          allowDeselect={false}
          onChange={(value) => set('then', value)}
        />
      </div>
      {(check === 'pattern' || check === 'deny') && (
        <TextInput
          label={words.expression}
          value={textOf(check)}
          error={fault(`/${check}`)}
          classNames={{ input: classes.code }}
          spellCheck={false}
          required
          onChange={(event) => set(check, event.currentTarget.value)}
        />
      )}
      {check === 'schema' && (
        <SchemaField
          label={words.schema}
          value={guardrail.schema}
          fault={fault('/schema')}
          onChange={(schema) => onChange({ ...guardrail, schema })}
        />
      )}
      {check === 'judge' && (
        <JudgeFields judge={config.judge} fault={fault} onChange={(judge) => set('judge', judge)} />
      )}
      <TextInput
        label={words.message}
        placeholder={words.ofCheck}
        value={textOf('message')}
        error={fault('/message')}
        onChange={(event) => set('message', event.currentTarget.value)}
      />
    </>
  );
}
