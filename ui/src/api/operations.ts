/** What may be asked of the API and what it answers, as types: derived from `schema.d.ts`, so nothing here names an endpoint. */
import type { paths } from './schema';

/** The prefix of all API paths; calls omit it. */
export const API = '/api/v1';

/** The paths as calls name them. */
export type Paths = { [P in keyof paths as P extends `${typeof API}${infer Rest}` ? Rest : never]: paths[P] };

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** The paths with method `M`. */
export type PathOf<M extends Method> = {
  [P in keyof Paths]: Paths[P] extends Record<Lowercase<M>, object> ? P : never;
}[keyof Paths];

type Operation<M extends Method, P extends PathOf<M>> = Paths[P][Lowercase<M> & keyof Paths[P]];

/** The options of a call. They are exact: what the operation does not describe does not compile. */
export type CallOptions<M extends Method, P extends PathOf<M>> = ParametersOf<Operation<M, P>> &
  BodyOf<Operation<M, P>> & {
    signal?: AbortSignal | undefined;
    /** Whether it goes on when the page is closed. */
    keepalive?: boolean;
  };

/** The options of a call, optional where the operation requires none. */
export type Arguments<Options> = object extends Options ? [options?: Options] : [options: Options];

/** The body of a successful response; `undefined` where there is none. */
export type AnswerOf<M extends Method, P extends PathOf<M>> =
  Operation<M, P> extends { responses: infer Answers }
    ? OrUndefined<Json<Answers[keyof Answers & (200 | 201)]>>
    : never;

/** Path and query parameters. */
export type AddressOptions<P extends PathOf<'GET'>> = Omit<
  ParametersOf<Operation<'GET', P>>,
  'idempotencyKey' | 'ifMatch'
>;

type ParametersOf<O> = O extends { parameters: infer All } ? PathPart<All> & QueryPart<All> & HeaderPart<All> : never;

type PathPart<All> = All extends { path: infer Path } ? { path: Path } : { path?: never };

type QueryPart<All> = All extends { query: infer Query }
  ? { query: Query }
  : All extends { query?: infer Query }
    ? { query?: OrNull<NonNullable<Query>> }
    : { query?: never };

/** A parameter that is `null` is left out, like one that is `undefined`. */
type OrNull<Query> = [Query] extends [never] ? never : { [Name in keyof Query]: Query[Name] | null };

/** The headers that a call may set, under the names of the options. */
type HeaderPart<All> = {
  idempotencyKey?: Takes<All, 'Idempotency-Key'> extends true ? string : never;
  /** The entity tag of what the change was made to. If it is no longer current, the answer is 412. */
  ifMatch?: Takes<All, 'If-Match'> extends true ? string | undefined : never;
};

type Takes<All, Name extends string> = All extends { header?: infer Header }
  ? [NonNullable<Header>] extends [never]
    ? false
    : Name extends keyof NonNullable<Header>
      ? true
      : false
  : false;

type BodyOf<O> = O extends { requestBody: infer Body }
  ? { body: Json<Body> }
  : O extends { requestBody?: infer Body }
    ? { body?: Json<NonNullable<Body>> }
    : { body?: never };

type Json<Part> = Part extends { content: { 'application/json': infer Content } } ? Content : never;

type OrUndefined<T> = [T] extends [never] ? undefined : T;
