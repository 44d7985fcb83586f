import { SegmentedControl } from '@mantine/core';
import type { FlowNode } from '@/api/types';
import { ExpressionInput } from '../form/expression-input';
import type { FieldProps } from '../form/field';
import { Frame } from '../form/frame';
import { JsonField } from '../form/json-field';
import { texts } from './texts';

type ItemsFieldProps = Pick<FieldProps, 'schema' | 'faultAt' | 'warningsAt' | 'names' | 'onChange'> & {
  node: FlowNode;
};

// biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of the flow, not of this code.
const EXAMPLE = '${trigger_data.rows}';

/** What a node runs its body for: an expression that gives a list, or a list. */
export function ItemsField({ node, schema, onChange, ...rest }: ItemsFieldProps) {
  const value = node.items;
  const title = schema.title ?? texts.fields.items;
  const isList = value !== undefined && typeof value !== 'string';
  const choice = (
    <SegmentedControl
      size="xs"
      aria-label={texts.itemsKind}
      data={[
        { value: 'expression', label: texts.expression },
        { value: 'list', label: texts.list },
      ]}
      value={isList ? 'list' : 'expression'}
      onChange={(kind) => onChange(kind === 'list' ? [] : undefined)}
    />
  );
  if (isList) {
    return (
      <>
        {choice}
        <JsonField
          {...rest}
          title={title}
          schema={schema}
          value={value}
          onChange={onChange}
          path={['items']}
          templated
        />
      </>
    );
  }
  return (
    <Frame title={title} description={schema.description} fault={rest.faultAt(['items'])} required>
      {choice}
      <ExpressionInput
        ariaLabel={texts.expression}
        value={typeof value === 'string' ? value : ''}
        placeholder={EXAMPLE}
        names={rest.names}
        onChange={(text) => onChange(text || undefined)}
      />
    </Frame>
  );
}
