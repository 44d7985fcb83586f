import { expect, it } from 'vitest';
import { asWhole, previewOf } from './preview';

const href = '/api/v1/studio/executions/01900000-0000-7000-8000-000000000001/result';
const preview = () => ({ $preview: { bytes: 70_000, text: '{"amount":5', href } });

it('takes a value from the API that is a preview for one', () => {
  expect(previewOf(preview())).toMatchObject({ bytes: 70_000, of: 'result' });
  expect(previewOf({ inside: preview() })).toBeNull();
  expect(previewOf({ $preview: { bytes: 1, text: '1', href: 'https://other.example/' } })).toBeNull();
});

it('takes nothing that is whole for a preview, whatever a model or a caller wrote', () => {
  expect(previewOf(asWhole({ ...preview(), amount: 9_000 }))).toBeNull();
  expect(asWhole('text')).toBe('text');
});
