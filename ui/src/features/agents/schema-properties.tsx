import { ActionIcon, Button, Checkbox, Select, TagsInput, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { ExactNumberInput } from '@/components/exact-number-input';
import { UniqueNameField } from '@/components/unique-name-field';
import { isRecord } from '@/lib/json';
import { visible } from '@/lib/json-text';
import {
  DEPTH_MAX,
  hiddenKeys,
  propertiesOf,
  renamed,
  requiredOf,
  type SchemaObject,
  type SchemaType,
  TYPES,
  typeOf,
  withKey,
  withNewProperty,
  withoutProperty,
  withProperty,
  withRequired,
  withType,
} from '@/lib/object-schema';
import { own } from '@/lib/own';
import classes from './schema.module.css';
import { texts } from './texts';

interface SchemaPropertiesProps {
  schema: SchemaObject;
  /** What it is the schema of. */
  of: string;
  depth: number;
  onChange: (schema: SchemaObject) => void;
}

/** The properties of an object, and what the form cannot show of it. */
export function SchemaProperties({ schema, of, depth, onChange }: SchemaPropertiesProps) {
  const properties = propertiesOf(schema);
  return (
    <div className={classes.properties}>
      <Hidden schema={schema} />
      {properties.map(([name, property], at) => (
        // The place is the identity: a name changes while it is typed.
        // biome-ignore lint/suspicious/noArrayIndexKey: see above.
        <section key={at} className={classes.property} aria-label={texts.builder.field(name)}>
          <div className={classes.row}>
            <UniqueNameField
              label={texts.builder.name}
              taken={texts.builder.taken}
              name={name}
              others={properties.map(([other]) => other).filter((other) => other !== name)}
              onChange={(next) => onChange(renamed(schema, name, next))}
            />
            <TypeField
              label={texts.builder.type}
              schema={property}
              onChange={(changed) => onChange(withProperty(schema, name, changed))}
            />
            <Checkbox
              className={classes.required}
              label={texts.builder.required}
              checked={requiredOf(schema).includes(name)}
              onChange={(event) => onChange(withRequired(schema, name, event.currentTarget.checked))}
            />
            <ActionIcon
              variant="subtle"
              color="gray"
              className={classes.remove}
              aria-label={texts.builder.remove(name)}
              onClick={() => onChange(withoutProperty(schema, name))}
            >
              <IconTrash size={16} aria-hidden />
            </ActionIcon>
          </div>
          <SchemaDetails
            schema={property}
            of={name}
            depth={depth}
            onChange={(changed) => onChange(withProperty(schema, name, changed))}
          />
        </section>
      ))}
      <div>
        <Button
          variant="default"
          size="xs"
          leftSection={<IconPlus size={14} aria-hidden />}
          aria-label={depth === 0 ? texts.builder.add : texts.builder.addTo(of)}
          onClick={() => onChange(withNewProperty(schema))}
        >
          {texts.builder.add}
        </Button>
      </div>
    </div>
  );
}

interface PartProps {
  schema: unknown;
  onChange: (schema: SchemaObject) => void;
}

function TypeField({ label, schema, onChange }: PartProps & { label: string }) {
  return (
    <Select
      size="xs"
      label={label}
      data={TYPES.map((type) => ({ value: type, label: texts.builder.types[type] }))}
      value={typeOf(schema)}
      placeholder={texts.builder.json}
      allowDeselect={false}
      onChange={(type) => type && onChange(withType(isRecord(schema) ? schema : {}, type as SchemaType))}
    />
  );
}

/** What a schema says beside its type. */
function SchemaDetails({ schema, of, depth, onChange }: PartProps & { of: string; depth: number }) {
  const type = typeOf(schema);
  if (!isRecord(schema) || !type) return <Hidden schema={isRecord(schema) ? schema : { '': schema }} />;
  const hidden = hiddenKeys(schema);
  const description = own(schema, 'description');
  const set = (key: string, value: unknown) => onChange(withKey(schema, key, value));
  const isDeep = depth + 1 >= DEPTH_MAX;
  const items = own(schema, 'items');
  return (
    <>
      {!hidden.includes('description') && (
        <TextInput
          size="xs"
          label={texts.builder.description}
          value={typeof description === 'string' ? description : ''}
          onChange={(event) => set('description', event.currentTarget.value || undefined)}
        />
      )}
      {type === 'string' && !hidden.includes('enum') && (
        <TagsInput
          size="xs"
          label={texts.builder.choices}
          value={[...((own(schema, 'enum') as readonly string[] | undefined) ?? [])]}
          onChange={(words) => set('enum', words.length > 0 ? words : undefined)}
        />
      )}
      {(type === 'number' || type === 'integer') && (
        <div className={classes.row}>
          {(['minimum', 'maximum'] as const)
            .filter((key) => !hidden.includes(key))
            .map((key) => (
              <ExactNumberInput
                key={key}
                size="xs"
                label={texts.builder[key]}
                value={own(schema, key)}
                onChange={(value) => set(key, value)}
              />
            ))}
        </div>
      )}
      {type === 'array' && isRecord(items) && (
        <>
          <TypeField label={texts.builder.items} schema={items} onChange={(changed) => set('items', changed)} />
          {!isDeep && (
            <SchemaDetails schema={items} of={of} depth={depth + 1} onChange={(changed) => set('items', changed)} />
          )}
        </>
      )}
      {type === 'object' && !isDeep && (
        <SchemaProperties schema={schema} of={of} depth={depth + 1} onChange={onChange} />
      )}
      {type !== 'object' && <Hidden schema={schema} />}
      {isDeep && (type === 'object' || type === 'array') && (
        <p className={classes.hint}>{texts.builder.only(type === 'object' ? 'properties' : 'items')}</p>
      )}
    </>
  );
}

/** Names the keys that the form does not show. */
function Hidden({ schema }: { schema: SchemaObject }) {
  const keys = hiddenKeys(schema);
  if (keys.length === 0) return null;
  return <p className={classes.hint}>{texts.builder.only(keys.map((key) => visible(key)).join(', '))}</p>;
}
