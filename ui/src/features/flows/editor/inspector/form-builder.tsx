import { ActionIcon, Button, Checkbox, SegmentedControl, Select, TagsInput, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { fieldsOf, initialValues } from '@/components/schema-form/fields';
import { SchemaForm } from '@/components/schema-form/schema-form';
import { UniqueNameField } from '@/components/unique-name-field';
import { Warnings } from '@/components/warnings';
import { isRecord } from '@/lib/json';
import {
  isObjectForm,
  propertiesOf,
  renamed,
  requiredOf,
  type SchemaObject,
  withoutProperty,
  withProperty,
  withRequired,
} from '@/lib/object-schema';
import { own } from '@/lib/own';
import type { FieldProps } from '../form/field';
import { Frame } from '../form/frame';
import { JsonField } from '../form/json-field';
import type { Schema } from '../form/schema';
import classes from './form-builder.module.css';
import { choicesOf, KINDS, type Kind, kindOf, withChoices, withKind, withNewField, withTitle } from './form-fields';
import { texts } from './texts';

interface FormBuilderProps extends Pick<FieldProps, 'names' | 'faultAt' | 'warningsAt'> {
  schema: Schema;
  value: unknown;
  onChange: (value: unknown) => void;
}

const MODES = (['fields', 'preview', 'json'] as const).map((value) => ({ value, label: texts.form.modes[value] }));
type Mode = (typeof MODES)[number]['value'];

/** What a person fills in: as fields, as it will look, or as JSON. All of them show the same schema. */
export function FormBuilder({ schema, value, onChange, ...shared }: FormBuilderProps) {
  const [mode, setMode] = useState<Mode>('fields');
  const title = schema.title ?? 'form';
  const isNone = value === undefined || value === null;
  const isForm = isNone || isObjectForm(value);
  const shown = isForm ? mode : 'json';
  // A form without fields is none.
  const change = (next: SchemaObject) => onChange(propertiesOf(next).length > 0 ? next : undefined);
  return (
    <Frame title={title} description={schema.description} fault={shared.faultAt(['form'])}>
      {!isNone && (
        <SegmentedControl
          size="xs"
          data={isForm ? MODES : MODES.filter((one) => one.value === 'json')}
          value={shown}
          aria-label={texts.form.mode}
          onChange={(next) => setMode(next as Mode)}
        />
      )}
      <Warnings messages={shared.warningsAt(['form'], 'inside')} />
      {shown === 'fields' && <Fields form={isObjectForm(value) ? value : {}} onChange={change} />}
      {shown === 'preview' && <Preview form={value} />}
      {shown === 'json' && (
        <JsonField
          {...shared}
          title={texts.form.modes.json}
          schema={{}}
          value={value ?? undefined}
          onChange={onChange}
          path={['form']}
          faultAt={() => undefined}
          templated={false}
        />
      )}
    </Frame>
  );
}

function Fields({ form, onChange }: { form: SchemaObject; onChange: (form: SchemaObject) => void }) {
  const properties = propertiesOf(form);
  return (
    <div className={classes.fields}>
      {properties.map(([name, property], at) => (
        // The place is the identity: a name changes while it is typed.
        // biome-ignore lint/suspicious/noArrayIndexKey: see above.
        <section key={at} className={classes.field} aria-label={texts.form.field(name)}>
          <div className={classes.row}>
            <UniqueNameField
              label={texts.form.name}
              taken={texts.form.taken}
              name={name}
              others={properties.map(([other]) => other).filter((other) => other !== name)}
              onChange={(next) => onChange(renamed(form, name, next))}
            />
            <ActionIcon aria-label={texts.form.remove(name)} onClick={() => onChange(withoutProperty(form, name))}>
              <IconTrash size={15} aria-hidden />
            </ActionIcon>
          </div>
          <Details form={form} name={name} property={property} onChange={onChange} />
        </section>
      ))}
      <div>
        <Button
          variant="default"
          leftSection={<IconPlus size={14} aria-hidden />}
          onClick={() => onChange(withNewField(form))}
        >
          {texts.form.add}
        </Button>
      </div>
    </div>
  );
}

interface DetailsProps {
  form: SchemaObject;
  name: string;
  property: unknown;
  onChange: (form: SchemaObject) => void;
}

function Details({ form, name, property, onChange }: DetailsProps) {
  const kind = kindOf(property);
  if (!kind || !isRecord(property)) return <p className={classes.hint}>{texts.form.asJson}</p>;
  const title = own(property, 'title');
  return (
    <>
      <TextInput
        size="xs"
        label={texts.form.title}
        placeholder={name}
        value={typeof title === 'string' ? title : ''}
        onChange={(event) => onChange(withTitle(form, name, event.currentTarget.value))}
      />
      <Select
        size="xs"
        label={texts.form.kind}
        data={KINDS.map((one) => ({ value: one, label: texts.form.kinds[one] }))}
        value={kind}
        allowDeselect={false}
        onChange={(next) =>
          next && onChange(withProperty(form, name, withKind(property, next as Kind, texts.form.newChoices)))
        }
      />
      {(kind === 'choice' || kind === 'choices') && (
        <TagsInput
          size="xs"
          label={texts.form.choices}
          value={[...choicesOf(property)]}
          onChange={(choices) => onChange(withProperty(form, name, withChoices(property, choices)))}
        />
      )}
      <Checkbox
        size="xs"
        label={texts.form.required}
        checked={requiredOf(form).includes(name)}
        onChange={(event) => onChange(withRequired(form, name, event.currentTarget.checked))}
      />
    </>
  );
}

/** The form as a person will see it. What is filled in here goes nowhere. */
function Preview({ form }: { form: unknown }) {
  const fields = fieldsOf(form);
  const [values, setValues] = useState(() => initialValues(fields ?? []));
  if (!fields) return <p className={classes.hint}>{texts.form.noPreview}</p>;
  return (
    <div className={classes.field}>
      <SchemaForm fields={fields} values={values} onChange={setValues} isChecked={false} />
    </div>
  );
}
