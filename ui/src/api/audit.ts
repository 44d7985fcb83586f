/** Calls about the audit log. */
import { call, callText, nextCursor } from './client';
import type { components, operations } from './schema';

/** A request for a change, or what came of one. */
export type AuditEntry = components['schemas']['AuditEntry'];

/** Which entries. */
export type AuditFilter = Omit<NonNullable<operations['list_audit']['parameters']['query']>, 'limit' | 'cursor'>;

export interface AuditPage {
  entries: readonly AuditEntry[];
  /** Where the next page begins; `null` on the last one. */
  next: string | null;
}

const PAGE = 100;

/** A page of the log, newest first. With a filter, it may be empty although there are more. */
export async function listAudit(filter: AuditFilter, cursor: string | null, signal: AbortSignal): Promise<AuditPage> {
  const { data, headers } = await call('GET', '/studio/audit', { query: { ...filter, limit: PAGE, cursor }, signal });
  return { entries: data, next: nextCursor(headers.get('link')) };
}

/** The whole log, oldest first, one entry a line. */
export async function exportAudit(): Promise<string> {
  return await callText('/studio/audit/export');
}
