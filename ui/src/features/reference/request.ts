/** A request to an operation, and the same as code in three languages. All functions are pure. */
import { ExactNumber, type Json, jsonText, parseJsonOr } from '@/lib/json';
import type { Operation } from './document';

/** What is filled in for an operation. Empty parameters are left out. */
export interface Values {
  parameters: Readonly<Record<string, string>>;
  /** JSON. */
  body: string;
}

export interface Call {
  method: string;
  /** With the origin. */
  url: string;
  headers: Readonly<Record<string, string>>;
  /** JSON; `null` for none. */
  body: string | null;
}

export const LANGUAGES = ['curl', 'javascript', 'python'] as const;
export type Language = (typeof LANGUAGES)[number];

/** The variable that examples read the API key from. */
const KEY = 'STEADFLOW_API_KEY';

export function emptyValues({ body }: Operation): Values {
  return { parameters: {}, body: body?.example === undefined ? '' : jsonText(body.example) };
}

/** Names of path parameters that are not filled in. */
export function missing({ parameters }: Operation, values: Values): string[] {
  const isMissing = (name: string) => !values.parameters[name]?.trim();
  return parameters.filter((one) => one.in === 'path' && isMissing(one.name)).map(({ name }) => name);
}

/** Returns the request; what is missing of the path stays as a placeholder. */
export function callOf(operation: Operation, values: Values, origin: string): Call {
  const given = (name: string) => values.parameters[name]?.trim() ?? '';
  const path = operation.path.replace(/\{(\w+)\}/g, (whole, name: string) =>
    given(name) ? encodeURIComponent(given(name)) : whole,
  );
  const query = new URLSearchParams();
  const headers: Record<string, string> = {};
  for (const one of operation.parameters) {
    if (one.in === 'query' && given(one.name)) query.set(one.name, given(one.name));
    if (one.in === 'header' && given(one.name)) headers[one.name] = given(one.name);
  }
  const body = operation.body && values.body.trim() !== '' ? values.body.trim() : null;
  if (body !== null) headers['Content-Type'] = 'application/json';
  const search = query.toString();
  return { method: operation.method, url: `${origin}${path}${search ? `?${search}` : ''}`, headers, body };
}

/** Writes a request as code. `needsKey` says whether the server asks for an API key. */
export function codeOf(language: Language, call: Call, needsKey: boolean): string {
  if (language === 'curl') return curl(call, needsKey);
  return language === 'javascript' ? javascript(call, needsKey) : python(call, needsKey);
}

function curl({ method, url, headers, body }: Call, needsKey: boolean): string {
  const lines = [
    `curl${method === 'GET' ? '' : ` -X ${method}`} ${shell(url)}`,
    ...(needsKey ? [`-H "Authorization: Bearer $${KEY}"`] : []),
    ...Object.entries(headers).map(([name, value]) => `-H ${shell(`${name}: ${value}`)}`),
    ...(body === null ? [] : [`-d ${shell(body)}`]),
  ];
  return lines.join(' \\\n  ');
}

/** Quotes for POSIX shells. */
function shell(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function javascript({ method, url, headers, body }: Call, needsKey: boolean): string {
  const entries = [
    ...(needsKey ? [`    Authorization: \`Bearer \${process.env.${KEY}}\`,`] : []),
    ...Object.entries(headers).map(([name, value]) => `    '${name}': ${quoted(value)},`),
  ];
  const options = [
    ...(method === 'GET' ? [] : [`  method: '${method}',`]),
    ...(entries.length > 0 ? ['  headers: {', ...entries, '  },'] : []),
    ...(body === null ? [] : [`  body: JSON.stringify(${indented(body, '  ')}),`]),
  ];
  const asked = options.length > 0 ? `, {\n${options.join('\n')}\n}` : '';
  return `const response = await fetch(${quoted(url)}${asked});\nconsole.log(response.status, await response.text());`;
}

function python({ method, url, headers, body }: Call, needsKey: boolean): string {
  const entries = [
    ...(needsKey ? [`        "Authorization": "Bearer " + os.environ["${KEY}"],`] : []),
    ...Object.entries(headers).map(([name, value]) => `        ${doubly(name)}: ${doubly(value)},`),
  ];
  const value = body === null ? undefined : parseJsonOr(body);
  const data = value === undefined ? null : indented(pythonOf(value), '    ');
  const imports = [data === null ? null : 'json', needsKey ? 'os' : null, 'urllib.request'].filter(Boolean);
  return [
    `import ${imports.join(', ')}`,
    '',
    'request = urllib.request.Request(',
    `    ${doubly(url)},`,
    ...(method === 'GET' ? [] : [`    method="${method}",`]),
    ...(entries.length > 0 ? ['    headers={', ...entries, '    },'] : []),
    ...(data === null ? [] : [`    data=json.dumps(${data}).encode(),`]),
    ')',
    'with urllib.request.urlopen(request) as response:',
    '    print(response.status, response.read().decode())',
  ].join('\n');
}

function indented(text: string, by: string): string {
  return text.replaceAll('\n', `\n${by}`);
}

/** A literal of JavaScript. */
function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`;
}

/** A literal that JSON, Python and JavaScript share. */
function doubly(text: string): string {
  return jsonText(text);
}

function pythonOf(value: Json, depth = 0): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'string') return doubly(value);
  if (typeof value === 'number' || value instanceof ExactNumber) return String(value);
  const [inner, outer] = ['    '.repeat(depth + 1), '    '.repeat(depth)];
  const isList = Array.isArray(value);
  const parts = isList
    ? value.map((item: Json) => pythonOf(item, depth + 1))
    : Object.entries(value).map(([key, item]) => `${doubly(key)}: ${pythonOf(item as Json, depth + 1)}`);
  const [open, close] = isList ? ['[', ']'] : ['{', '}'];
  if (parts.length === 0) return `${open}${close}`;
  return `${open}\n${parts.map((part) => `${inner}${part},`).join('\n')}\n${outer}${close}`;
}
