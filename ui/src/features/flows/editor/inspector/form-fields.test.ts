import { expect, test } from 'vitest';
import { fieldsOf } from '@/components/schema-form/fields';
import { propertiesOf, withProperty } from '@/lib/object-schema';
import { KINDS, kindOf, withChoices, withKind, withNewField, withTitle } from './form-fields';

test('a field of every kind is one that the form of the decision shows', () => {
  let form = withNewField(undefined);
  expect(form).toEqual({ type: 'object', properties: { field_1: { type: 'string' } } });
  form = withTitle(form, 'field_1', 'Reason');
  for (const kind of KINDS) {
    const property = withKind({ title: 'Reason', description: 'Why', minLength: 2, type: 'string' }, kind, ['a', 'b']);
    expect(kindOf(property)).toBe(kind);
    expect(property).not.toHaveProperty('minLength');
    const [field] = fieldsOf(withProperty(form, 'field_1', property)) ?? [];
    expect(field).toMatchObject({ name: 'field_1', title: 'Reason', description: 'Why' });
    expect([field?.kind, field?.kind === 'number' && field.isWhole]).toEqual(
      kind === 'integer' ? ['number', true] : [kind, false],
    );
  }
});

test('choices are kept from one kind to the other, and other keys of their field stay', () => {
  const choice = { type: 'string', enum: ['x'], title: 'T' };
  const several = withKind(choice, 'choices', ['a']);
  expect(several).toEqual({ type: 'array', title: 'T', items: { type: 'string', enum: ['x'] } });
  expect(withChoices({ ...several, minItems: 1 }, ['x', 'y'])).toEqual({
    type: 'array',
    title: 'T',
    minItems: 1,
    items: { type: 'string', enum: ['x', 'y'] },
  });
  expect(withKind(several, 'choice', ['a'])).toEqual(choice);
});

test('what the builder cannot show is left to the JSON, and stays when another field is added', () => {
  const odd = { type: 'string', oneOf: [{ const: 's', title: 'Small' }] };
  for (const property of [odd, { type: 'object' }, { enum: [1], type: 'string' }, { type: 'array' }, 5, null]) {
    expect(kindOf(property)).toBeNull();
  }
  const form = { type: 'object', description: 'D', properties: { field_1: odd }, required: ['field_1'] };
  const more = withNewField(form);
  expect(propertiesOf(more).map(([name]) => name)).toEqual(['field_1', 'field_2']);
  expect(more).toMatchObject({ description: 'D', required: ['field_1'] });
  expect(withTitle(form, 'missing', 'T')).toBe(form);
});
