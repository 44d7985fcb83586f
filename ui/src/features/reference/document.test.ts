import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parseJson } from '@/lib/json';
import { found, groupsOf, type OpenApi, type Operation } from './document';
import { callOf, codeOf, emptyValues, missing } from './request';
import { type Field, fieldsOf } from './schema-tree';
import { untried } from './untried';

const file = fileURLToPath(new URL('../../../../openapi.json', import.meta.url));
const document = parseJson(readFileSync(file, 'utf8')) as unknown as OpenApi;
const groups = groupsOf(document);
const operations = groups.flatMap((group) => group.operations);
const { schemas } = document.components;
const ORIGIN = 'http://127.0.0.1:8080';

function operation(id: string): Operation {
  const one = operations.find((candidate) => candidate.id === id);
  if (!one) throw new Error(`no ${id}`);
  return one;
}

function paths(fields: readonly Field[], depth: number, above = ''): string[] {
  return fields.flatMap((field) => {
    const path = `${above}/${field.name}`;
    return [
      `${path}: ${field.type}${field.isRequired ? '!' : ''}`,
      ...(depth > 0 ? paths(field.inside(), depth - 1, path) : []),
    ];
  });
}

test('every operation has a group, a sentence, and an answer that can be shown', () => {
  expect(operations.length).toBeGreaterThan(130);
  for (const one of operations) {
    expect(one.summary, one.id).toMatch(/\.$/);
    expect(one.successes.length, one.id).toBeGreaterThan(0);
    for (const { schema } of [...one.successes, ...(one.body ? [one.body] : [])]) {
      if (schema) paths(fieldsOf(schema, schemas), 3);
    }
  }
});

test('a search takes words of the name, the path and the sentence, in any order', () => {
  const names = (text: string) => found(groups, text).flatMap((group) => group.operations.map(({ id }) => id));

  expect(names('flow create')).toContain('create_flow');
  expect(names('post /flows/{id}/execute')).toEqual(['execute_flow']);
  expect(names('no such thing')).toEqual([]);
  expect(names('')).toHaveLength(operations.length);
});

test('schemas are trees: references, joined parts, lists and choices', () => {
  const body = operation('create_flow').body;
  const tree = paths(fieldsOf(body?.schema ?? {}, schemas), 1);

  expect(tree).toContain('/name: string!');
  expect(tree).toContain('/flow_definition/nodes: list of object!');
  const nodes = fieldsOf(body?.schema ?? {}, schemas).find(({ name }) => name === 'flow_definition');
  const kinds =
    nodes
      ?.inside()
      .find(({ name }) => name === 'nodes')
      ?.inside() ?? [];
  expect(kinds.length).toBeGreaterThan(10);
  const flow = paths(fieldsOf(operation('create_flow').successes[0]?.schema ?? {}, schemas), 0);
  expect(flow).toContain('/version: integer!');
});

test('what shows or takes a secret is not tried', () => {
  const text = (part: unknown) => JSON.stringify(part ?? null);
  const secret = operations.filter(({ body }) =>
    /"format":"password"|"writeOnly":true/.test(text(schemas[nameOf(body?.schema)])),
  );

  expect(secret.length).toBeGreaterThan(4);
  for (const one of [...secret, operation('create_key'), operation('create_link'), operation('reveal_result')]) {
    expect(untried(one.id), one.id).not.toBeNull();
  }
  for (const id of Object.keys(document.paths).flatMap((path) =>
    path.includes('{token}') ? Object.values(document.paths[path] ?? {}).map(({ operationId }) => operationId) : [],
  )) {
    expect(untried(id), id).not.toBeNull();
  }
});

function nameOf(schema: { $ref?: string } | undefined): string {
  return schema?.$ref?.split('/').at(-1) ?? '';
}

test('code in three languages sends the same request', () => {
  const values = {
    parameters: { id: 'a/b', wait: '2', 'Idempotency-Key': "it's" },
    body: '{\n  "trigger_data": {"a": "it\'s $x"}\n}',
  };
  const call = callOf(operation('execute_flow'), values, ORIGIN);

  expect(call.url).toBe(`${ORIGIN}/api/v1/studio/flows/a%2Fb/execute?wait=2`);
  const told = execFileSync('sh', ['-c', `curl() { printf '%s\\n' "$@"; }; ${codeOf('curl', call, true)}`], {
    env: { STEADFLOW_API_KEY: 'k' },
    encoding: 'utf8',
  });
  expect(told).toContain(`${call.url}\n-H\nAuthorization: Bearer k\n-H\nIdempotency-Key: it's\n`);
  expect(told).toContain(values.body);
  const script = `globalThis.fetch = async (url, options) => { console.log(JSON.stringify({ url, ...options })); return new Response(''); };`;
  const asked = execFileSync('node', ['--input-type=module', '-e', script + codeOf('javascript', call, true)], {
    env: { ...process.env, STEADFLOW_API_KEY: 'k' },
    encoding: 'utf8',
  });
  const request = JSON.parse(asked.split('\n')[0] ?? '');
  expect(request).toMatchObject({ url: call.url, method: 'POST', headers: { Authorization: 'Bearer k' } });
  expect(JSON.parse(request.body)).toEqual(JSON.parse(values.body));
  const python = codeOf('python', call, true);
  expect(python).toContain(`"Authorization": "Bearer " + os.environ["STEADFLOW_API_KEY"],`);
  expect(python).toContain(`"trigger_data": {\n            "a": "it's $x",`);
});

test('examples of bodies are filled in, and what is missing of a path is named', () => {
  const one = operation('change_flow');
  const values = emptyValues(one);

  expect(JSON.parse(values.body)).toMatchObject({ retry_on_failure: true });
  expect(missing(one, values)).toEqual(['id']);
  expect(callOf(one, values, ORIGIN).url).toBe(`${ORIGIN}/api/v1/studio/flows/{id}`);
});
