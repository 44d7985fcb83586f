/** Reports as CSV (RFC 4180): one row for each thing that is counted, with the names of the API. All functions are pure. */
import type { CostAnalytics, RetryAnalytics, TimeAnalytics } from '@/api/reports';

type Row = Readonly<Record<string, unknown>>;

export function retriesCsv({ totals, flows, nodes, buckets }: RetryAnalytics): string {
  return csvOf([
    { by: 'total', ...totals },
    ...flows.map((row) => ({ by: 'flow', ...row })),
    ...nodes.map((row) => ({ by: 'node', ...row })),
    ...buckets.map((row) => ({ by: 'time', ...row })),
  ]);
}

export function costsCsv(
  { totals, flows, versions, agents, models, days }: CostAnalytics,
  times: TimeAnalytics | undefined,
): string {
  return csvOf([
    ...totals.map((row) => ({ by: 'total', ...row })),
    ...flows.map((row) => ({ by: 'flow', ...row })),
    ...versions.map((row) => ({ by: 'version', ...row })),
    ...agents.map((row) => ({ by: 'agent', ...row })),
    ...models.map((row) => ({ by: 'model', ...row })),
    ...days.map((row) => ({ by: 'day', ...row })),
    ...(times ? [{ by: 'times', ...times.totals }] : []),
    ...(times?.models ?? []).map((row) => ({ by: 'times of model', ...row })),
    ...(times?.agents ?? []).map((row) => ({ by: 'times of agent', ...row })),
  ]);
}

/** The columns are all keys, what names a row first; a cell is empty where a row does not have the key. */
export function csvOf(rows: readonly Row[]): string {
  const keys = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const isName = (key: string) => key === 'by' || /(_id|_name|_version)$|^(start|model|currency)$/.test(key);
  const columns = [...keys.filter(isName), ...keys.filter((key) => !isName(key))];
  const lines = rows.map((row) => columns.map((column) => cell(row[column])).join(','));
  return `${[columns.join(','), ...lines].join('\r\n')}\r\n`;
}

/** Spreadsheets run what begins with these characters; an apostrophe makes it a text. */
const FORMULA = /^[=+\-@\t\r]/;

function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const text = String(value);
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
