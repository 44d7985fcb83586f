/** Problem details of the API (RFC 9457), and the same for a missing or unreadable response. */

import { isRecord } from '@/lib/json';
import { texts } from './problem-texts';
import type { Json } from './types';

/** One fault in a document. */
export interface Fault {
  /** A JSON pointer into the document; empty for the whole. */
  pointer: string;
  detail: string;
}

export class Problem extends Error {
  override readonly name = 'Problem';

  constructor(
    /** The HTTP status; 0 without a response. */
    readonly status: number,
    readonly title: string,
    /** A sentence that a person can act on. */
    readonly detail: string,
    /** A stable slug, e.g. `not-found`. */
    readonly type = '',
    readonly faults: readonly Fault[] = [],
    /** What the service responded that the server has called; `null` if it did not respond. */
    readonly serviceResponse: Json = null,
  ) {
    super(detail);
  }

  /** Whether what was to be changed has been changed elsewhere since it was read. */
  get isConflict(): boolean {
    return this.status === 412;
  }

  /** Whether the server does not know who asks. */
  get isNotSignedIn(): boolean {
    return this.status === 401 && this.type.endsWith('#not-signed-in');
  }

  /** Whether a retry may help: the server is unreachable, overloaded or failing. */
  get isTransient(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** Returns what is wrong at a place of what was sent, or below it, so that the field there can say it. */
export function faultsIn(error: unknown): (pointer: string) => string | undefined {
  const faults = error ? toProblem(error).faults : [];
  return (pointer) => faults.find((one) => one.pointer === pointer || one.pointer.startsWith(`${pointer}/`))?.detail;
}

/** Converts any error to a [`Problem`], so that every error is shown in the same way. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof TypeError) {
    return new Problem(0, texts.unreachable.title, texts.unreachable.detail);
  }
  if (error instanceof SyntaxError) {
    return new Problem(0, texts.unreadable.title, texts.unreadable.detail);
  }
  const message = error instanceof Error ? error.message : String(error);
  return new Problem(0, texts.inStudio, message);
}

/** Makes a [`Problem`] of any body of a response outside 200–299. */
export function problemOf(status: number, body: unknown): Problem {
  const fields = isRecord(body) ? body : {};
  const title = text(fields.title) ?? texts.status(status);
  const detail = text(fields.detail) ?? (typeof body === 'string' && body ? body.slice(0, 500) : title);
  const failure = isRecord(fields.error) ? fields.error : {};
  const response = (failure.body ?? null) as Json;
  return new Problem(status, title, detail, text(fields.type) ?? '', faultsOf(fields.errors), response);
}

function faultsOf(errors: unknown): Fault[] {
  if (!Array.isArray(errors)) return [];
  return errors.filter(isRecord).map((error) => ({
    pointer: text(error.pointer) ?? '',
    detail: text(error.detail) ?? text(error.message) ?? texts.fault,
  }));
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
