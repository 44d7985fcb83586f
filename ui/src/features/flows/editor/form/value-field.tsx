import { ActionIcon, Switch } from '@mantine/core';
import { IconMathFunction } from '@tabler/icons-react';
import type { DragEvent } from 'react';
import { ExactNumberInput } from '@/components/exact-number-input';
import { prose } from '@/components/prose';
import { ExpressionInput } from './expression-input';
import { type FieldProps, placeholderOf } from './field';
import classes from './form.module.css';
import { carriesPath, draggedPath, templateOf } from './insertion';
import { texts } from './texts';
import { useInsertTarget } from './use-insert-target';

/** A number, or an expression that returns one where that is allowed. */
export function NumberField(props: FieldProps) {
  const { title, schema, value, onChange, path, faultAt, required, templated } = props;
  const insert = (path: string) => onChange(templateOf(path));
  const target = useInsertTarget(insert);
  if (typeof value === 'string') return <AsExpression {...props} value={value} />;
  return (
    <ExactNumberInput
      size="xs"
      label={title}
      description={prose(schema.description)}
      error={prose(faultAt(path))}
      withAsterisk={required}
      placeholder={placeholderOf(props)}
      value={value}
      allowDecimal={schema.type !== 'integer'}
      {...(schema.minimum !== undefined && { min: schema.minimum })}
      {...(schema.maximum !== undefined && { max: schema.maximum })}
      hideControls={templated}
      {...(templated && { onFocus: target, onDragOver: over, onDrop: dropInto(insert) })}
      rightSection={templated && <Toggle isOn={false} onClick={() => onChange(TEMPLATE)} />}
      onChange={onChange}
    />
  );
}

export function SwitchField(props: FieldProps) {
  const { title, schema, value, onChange, path, faultAt, templated } = props;
  const insert = (path: string) => onChange(templateOf(path));
  const target = useInsertTarget(insert);
  if (typeof value === 'string') return <AsExpression {...props} value={value} />;
  return (
    <div className={classes.switch} {...(templated && { onFocus: target, onDragOver: over, onDrop: dropInto(insert) })}>
      <Switch
        size="sm"
        label={title}
        description={prose(schema.description)}
        error={prose(faultAt(path))}
        checked={(value ?? schema.default) === true}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      {templated && <Toggle isOn={false} onClick={() => onChange(TEMPLATE)} />}
    </div>
  );
}

const TEMPLATE = templateOf('');

function over(event: DragEvent): void {
  if (carriesPath(event)) event.preventDefault();
}

/** What is dropped takes the place of the value. */
function dropInto(insert: (path: string) => void) {
  return (event: DragEvent) => {
    const path = draggedPath(event);
    if (path === null) return;
    event.preventDefault();
    insert(path);
  };
}

function AsExpression({ title, schema, value, onChange, path, faultAt, required, names }: FieldProps<string>) {
  return (
    <ExpressionInput
      label={title}
      description={prose(schema.description)}
      error={prose(faultAt(path))}
      required={required}
      value={value}
      names={names}
      onChange={onChange}
      rightSection={<Toggle isOn onClick={() => onChange(undefined)} />}
    />
  );
}

function Toggle({ isOn, onClick }: { isOn: boolean; onClick: () => void }) {
  const label = isOn ? texts.asValue : texts.asExpression;
  return (
    <ActionIcon size="sm" aria-label={label} title={label} aria-pressed={isOn} onClick={onClick}>
      <IconMathFunction size={14} aria-hidden />
    </ActionIcon>
  );
}
