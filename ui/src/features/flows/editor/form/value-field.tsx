import { ActionIcon, Switch } from '@mantine/core';
import { IconMathFunction } from '@tabler/icons-react';
import { ExactNumberInput } from '@/components/exact-number-input';
import { prose } from '@/components/prose';
import { ExpressionInput } from './expression-input';
import { type FieldProps, placeholderOf } from './field';
import classes from './form.module.css';
import { texts } from './texts';

/** A number, or an expression that returns one where that is allowed. */
export function NumberField(props: FieldProps) {
  const { title, schema, value, onChange, path, faultAt, required, templated } = props;
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
      rightSection={templated && <Toggle isOn={false} onClick={() => onChange(TEMPLATE)} />}
      onChange={onChange}
    />
  );
}

export function SwitchField(props: FieldProps) {
  const { title, schema, value, onChange, path, faultAt, templated } = props;
  if (typeof value === 'string') return <AsExpression {...props} value={value} />;
  return (
    <div className={classes.switch}>
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

const TEMPLATE = '$' + '{}';

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
