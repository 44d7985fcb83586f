import { ActionIcon, Button, NumberInput, Select, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { flowsQuery } from '@/api/flows';
import { formOf } from '@/components/trigger-form';
import { jsonText, numberOf } from '@/lib/json';
import classes from './agents.module.css';
import { freeKey } from './draft';
import { SchemaField } from './schema-field';
import { texts } from './texts';
import { isShown, nameOf, newTool, type ToolDraft, WHENS, type When, whenOf, withKey, withWhen } from './tools';

interface ToolFieldsProps {
  tools: readonly ToolDraft[];
  /** Returns the server's fault at a key, given as `/key`. */
  fault: (key: string) => string | undefined;
  onChange: (tools: readonly ToolDraft[]) => void;
}

/** What the model of a skill may call. Those that run a flow are edited here, the others are kept. */
export function ToolFields({ tools, fault, onChange }: ToolFieldsProps) {
  const { flowTools: words } = texts;
  const set = (changed: ToolDraft) => onChange(tools.map((one) => (one.key === changed.key ? changed : one)));
  return (
    <>
      {tools.length > 0 && <h4 className={classes.heading}>{words.title}</h4>}
      {tools.map((tool, place) => (
        <section key={tool.key} className={classes.skill} aria-label={words.nth(place + 1)}>
          <div className={classes.head}>
            <h5 className={classes.heading}>{nameOf(tool) || words.nth(place + 1)}</h5>
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={words.remove(place + 1)}
              onClick={() => onChange(tools.filter((one) => one.key !== tool.key))}
            >
              <IconTrash size={16} aria-hidden />
            </ActionIcon>
          </div>
          {isShown(tool) ? (
            <Fields tool={tool} fault={(key) => fault(`/${place}${key}`)} onChange={set} />
          ) : (
            <>
              <p className={classes.hint}>{words.notShown}</p>
              <pre className={classes.kept}>{jsonText(tool.config)}</pre>
            </>
          )}
        </section>
      ))}
      <div>
        <Button
          variant="default"
          size="xs"
          leftSection={<IconPlus size={14} aria-hidden />}
          onClick={() => onChange([...tools, newTool(freeKey(tools))])}
        >
          {words.add}
        </Button>
      </div>
    </>
  );
}

interface FieldsProps {
  tool: ToolDraft;
  fault: (key: string) => string | undefined;
  onChange: (tool: ToolDraft) => void;
}

function Fields({ tool, fault, onChange }: FieldsProps) {
  const { flowTools: words } = texts;
  const flows = useQuery(flowsQuery()).data;
  const textOf = (key: string) => (typeof tool.config[key] === 'string' ? tool.config[key] : '');
  const set = (key: string, value: unknown) => onChange(withKey(tool, key, value));
  const [id, when] = [textOf('flow_id'), whenOf(tool.config)];
  const flow = flows?.find((one) => one.id === id);
  const choices = (flows ?? []).map((one) => ({ value: one.id, label: one.name }));
  const isGone = id !== '' && flows !== undefined && !flow;
  return (
    <>
      <div className={classes.pair}>
        <Select
          label={words.flow}
          data={id && !flow ? [...choices, { value: id, label: id }] : choices}
          value={id || null}
          error={fault('') ?? fault('/flow_id') ?? (isGone ? words.gone : undefined)}
          searchable
          required
          allowDeselect={false}
          onChange={(value) => set('flow_id', value ?? '')}
        />
        <TextInput
          label={words.name}
          placeholder={words.nameExample}
          value={textOf('name')}
          error={fault('/name')}
          required
          onChange={(event) => set('name', event.currentTarget.value)}
        />
      </div>
      <TextInput
        label={words.description}
        placeholder={flow?.description || undefined}
        value={textOf('description')}
        error={fault('/description')}
        onChange={(event) => set('description', event.currentTarget.value)}
      />
      <div className={classes.pair}>
        <Select
          label={words.approval}
          data={WHENS.map((value) => ({ value, label: words.whens[value] }))}
          value={when}
          error={when === 'condition' ? undefined : fault('/approval')}
          allowDeselect={false}
          onChange={(value) => onChange(withWhen(tool, value as When))}
        />
        {when !== 'never' && (
          <NumberInput
            label={words.timeout}
            placeholder={words.noTimeout}
            min={1}
            value={numberOf(tool.config.approval_timeout_seconds) ?? ''}
            error={fault('/approval_timeout_seconds')}
            onChange={(value) => set('approval_timeout_seconds', value === '' ? '' : Number(value))}
          />
        )}
      </div>
      {when === 'condition' && (
        <TextInput
          label={words.condition}
          placeholder="input.amount > 1000"
          value={textOf('approval')}
          error={fault('/approval')}
          classNames={{ input: classes.code }}
          spellCheck={false}
          required
          onChange={(event) => set('approval', event.currentTarget.value)}
        />
      )}
      <SchemaField
        label={words.schema}
        value={tool.schema}
        fault={fault('/input_schema')}
        onChange={(schema) => onChange({ ...tool, schema })}
      />
      <p className={classes.hint}>{flow && formOf(flow) ? words.hasForm : words.noForm}</p>
    </>
  );
}
