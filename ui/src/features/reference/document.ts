/** The OpenAPI document, as the reference shows it. All functions are pure. */
import type { Json } from '@/lib/json';

/** A JSON Schema of the document. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly title?: string;
  readonly description?: string;
  readonly format?: string;
  readonly enum?: readonly Json[];
  readonly const?: Json;
  readonly default?: Json;
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: boolean | Schema;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly minimum?: unknown;
  readonly maximum?: unknown;
  readonly minLength?: unknown;
  readonly maxLength?: unknown;
  readonly minItems?: unknown;
  readonly maxItems?: unknown;
  readonly writeOnly?: boolean;
}

export type Schemas = Readonly<Record<string, Schema>>;

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly description?: string;
  readonly required?: boolean;
  readonly schema: Schema;
}

interface Content {
  readonly schema?: Schema;
  readonly example?: Json;
}

interface Answer {
  readonly description: string;
  readonly headers?: Readonly<Record<string, { readonly description?: string }>>;
  readonly content?: Readonly<Record<string, Content>>;
}

interface RawOperation {
  readonly operationId: string;
  readonly tags?: readonly string[];
  readonly summary?: string;
  readonly description?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Readonly<Record<string, Content>> };
  readonly responses: Readonly<Record<string, Answer>>;
  readonly 'x-permission'?: { readonly name: string; readonly least_role: string };
}

export interface OpenApi {
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, RawOperation>>>>;
  readonly components: { readonly schemas: Schemas };
}

/** A response, by its status. */
export interface Response {
  status: string;
  description: string;
  headers: readonly { name: string; description: string }[];
  schema: Schema | null;
  isStream: boolean;
}

export interface Operation {
  /** Its name in the document, such as `create_flow`. */
  id: string;
  method: string;
  path: string;
  group: string;
  /** One sentence. */
  summary: string;
  description: string;
  /** What is needed to call it; `null` where nobody is asked who they are. */
  permission: { name: string; role: string } | null;
  parameters: readonly Parameter[];
  body: { schema: Schema; isRequired: boolean; example: Json | undefined } | null;
  successes: readonly Response[];
  problems: readonly Response[];
  /** Whether it answers with events for as long as the client listens. */
  isStream: boolean;
}

export interface Group {
  name: string;
  operations: readonly Operation[];
}

/** Groups of the document, in the order of the reference; unknown ones follow. */
const ORDER = ['flows', 'executions', 'retries', 'approvals', 'agents', 'schedules', 'webhooks', 'events', 'alerts'];

/** Returns all operations, grouped. */
export function groupsOf(document: OpenApi): Group[] {
  const groups = new Map<string, Operation[]>();
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, raw] of Object.entries(methods)) {
      const operation = operationOf(method.toUpperCase(), path, raw);
      groups.set(operation.group, [...(groups.get(operation.group) ?? []), operation]);
    }
  }
  const place = (name: string) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
  const named = [...groups].map(([name, operations]) => ({ name, operations }));
  return named.sort((a, b) => place(a.name) - place(b.name) || a.name.localeCompare(b.name));
}

function operationOf(method: string, path: string, raw: RawOperation): Operation {
  const responses = Object.entries(raw.responses).map(([status, answer]) => responseOf(status, answer));
  const content = raw.requestBody?.content['application/json'];
  const need = raw['x-permission'];
  return {
    id: raw.operationId,
    method,
    path,
    group: raw.tags?.[0] ?? 'other',
    summary: raw.summary ?? raw.operationId,
    description: raw.description ?? '',
    permission: need ? { name: need.name, role: need.least_role } : null,
    parameters: raw.parameters ?? [],
    body: content
      ? { schema: content.schema ?? {}, isRequired: raw.requestBody?.required === true, example: content.example }
      : null,
    successes: responses.filter(({ status }) => status < '400'),
    problems: responses.filter(({ status }) => status >= '400'),
    isStream: responses.some(({ isStream }) => isStream),
  };
}

function responseOf(status: string, { description, headers = {}, content = {} }: Answer): Response {
  const [kind, first] = Object.entries(content)[0] ?? [];
  return {
    status,
    description,
    headers: Object.entries(headers).map(([name, header]) => ({ name, description: header.description ?? '' })),
    schema: first?.schema ?? null,
    isStream: kind === 'text/event-stream',
  };
}

/** Returns the groups with the operations that have each word of `text`; all of them without words. */
export function found(groups: readonly Group[], text: string): Group[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = ({ id, method, path, group, summary }: Operation) => {
    const all = `${id} ${id.replaceAll('_', ' ')} ${method} ${path} ${group} ${summary}`.toLowerCase();
    return words.every((word) => all.includes(word));
  };
  const kept = groups.map(({ name, operations }) => ({ name, operations: operations.filter(fits) }));
  return kept.filter(({ operations }) => operations.length > 0);
}
