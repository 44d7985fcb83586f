/** The settings of a flow as the form holds them, and what to send when they change. */

import type { Flow, FlowPatch, FlowStatus } from '@/api/types';
import { isSameJson, numberOf } from '@/lib/json';
import { texts } from './texts';

export interface SettingValues {
  name: string;
  description: string;
  category: string;
  tags: string[];
  status: FlowStatus;
  is_template: boolean;
  retry_on_failure: boolean;
  /** Number fields are an empty string while they are empty. */
  retry_count: number | string;
  timeout_seconds: number | string;
  max_concurrent_executions: number | string;
  concurrency_key: string;
  max_concurrent_per_key: number | string;
  /** A whole number or a template. */
  priority: number | string;
  debounce_seconds: number | string;
  max_delay_seconds: number | string;
  /** These three are the keys of `budget`. */
  max_tokens: number | string;
  max_cost: number | string;
  currency: string;
  context_id_template: string;
  context_type_default: string;
  /** These two are the keys of `sensitive`. */
  sensitive_fields: string[];
  sensitive_patterns: string[];
}

export type SettingKey = keyof SettingValues;

export type SettingFaults = Partial<Record<SettingKey, string>>;

export const RETRY_COUNT_MAX = 10;
/** The retry count when retries are turned on and none was given. */
const RETRY_COUNT_FIRST = 3;
/** About ten years, the limit of the server. */
export const TIMEOUT_SECONDS_MAX = 316_224_000;

export function valuesOf(flow: Flow): SettingValues {
  return {
    name: flow.name,
    description: flow.description,
    category: flow.category ?? '',
    tags: [...flow.tags],
    status: flow.status,
    is_template: flow.is_template,
    retry_on_failure: flow.retry_on_failure,
    retry_count: flow.retry_count,
    timeout_seconds: numberOf(flow.timeout_seconds) ?? '',
    max_concurrent_executions: flow.max_concurrent_executions ?? '',
    concurrency_key: flow.concurrency_key ?? '',
    max_concurrent_per_key: flow.max_concurrent_per_key ?? '',
    priority: typeof flow.priority === 'string' ? flow.priority : (numberOf(flow.priority) ?? ''),
    debounce_seconds: numberOf(flow.debounce_seconds) ?? '',
    max_delay_seconds: numberOf(flow.max_delay_seconds) ?? '',
    max_tokens: flow.budget?.max_tokens ?? '',
    max_cost: numberOf(flow.budget?.max_cost) ?? '',
    currency: flow.budget?.currency ?? '',
    context_id_template: flow.context_id_template ?? '',
    context_type_default: flow.context_type_default ?? '',
    sensitive_fields: [...(flow.sensitive?.fields ?? [])],
    sensitive_patterns: [...(flow.sensitive?.patterns ?? [])],
  };
}

/** Returns the settings with retries turned on or off. When on, a count of 0 becomes the default. */
export function withRetry(values: SettingValues, isRetried: boolean): Partial<SettingValues> {
  const isCounted = Number(values.retry_count) > 0;
  return { retry_on_failure: isRetried, ...(isRetried && !isCounted && { retry_count: RETRY_COUNT_FIRST }) };
}

/** Returns the keys in which two sets of values differ. */
export function differences(before: SettingValues, after: SettingValues): SettingKey[] {
  const keys = Object.keys(before) as SettingKey[];
  return keys.filter((key) => !isSameJson(sent(before, key), sent(after, key)));
}

/** Returns what to send so that `keys` get the values in `values`. */
export function patchOf(values: SettingValues, keys: readonly SettingKey[]): FlowPatch {
  const own = keys.filter((key) => !isOfBudget(key) && !isOfSensitive(key)).map((key) => [key, sent(values, key)]);
  const budget = keys.some(isOfBudget) ? { budget: budgetOf(values) } : {};
  const sensitive = keys.some(isOfSensitive) ? { sensitive: sensitiveOf(values) } : {};
  return { ...Object.fromEntries(own), ...budget, ...sensitive } as FlowPatch;
}

const isOfSensitive = (key: SettingKey) => key === 'sensitive_fields' || key === 'sensitive_patterns';

/** Returns what is sensitive as the server expects it: `null` where nothing is. */
function sensitiveOf({ sensitive_fields: fields, sensitive_patterns: patterns }: SettingValues): unknown {
  return fields.length + patterns.length > 0 ? { fields, patterns } : null;
}

const BUDGET: readonly SettingKey[] = ['max_tokens', 'max_cost', 'currency'];

const isOfBudget = (key: SettingKey) => BUDGET.includes(key);

/** Returns the budget as the server expects it: `null` where nothing is limited. */
function budgetOf(values: SettingValues): unknown {
  const given = BUDGET.map((key) => [key, sent(values, key)] as const).filter(([, value]) => value !== null);
  return given.length > 0 ? Object.fromEntries(given) : null;
}

/** Returns a value as the server expects it: empty fields are `null`, text is trimmed. */
function sent(values: SettingValues, key: SettingKey): unknown {
  const value = values[key];
  if (typeof value !== 'string') return value;
  const text = value.trim();
  if (key === 'priority' && isWholeNumber(text)) return Number(text);
  return text === '' && key !== 'name' && key !== 'description' ? null : text;
}

const isWholeNumber = (text: string) => /^-?\d{1,3}$/.test(text);

/**
 * Returns the keys that were changed since `base` both in the form and elsewhere, to different values.
 *
 * All other changes merge, since only what was changed in the form is sent.
 */
export function collisions(base: SettingValues, mine: SettingValues, theirs: SettingValues): SettingKey[] {
  const apart = new Set(differences(mine, theirs));
  const changedByThem = new Set(differences(base, theirs));
  return differences(base, mine).filter((key) => changedByThem.has(key) && apart.has(key));
}

/** Applies the changes from `base` to `mine` to `theirs`, except `dropped`. */
export function rebase(
  base: SettingValues,
  mine: SettingValues,
  theirs: SettingValues,
  dropped: readonly SettingKey[] = [],
): SettingValues {
  const kept = differences(base, mine).filter((key) => !dropped.includes(key));
  return { ...theirs, ...Object.fromEntries(kept.map((key) => [key, mine[key]])) };
}

/** Returns the faults that can be found without the server. */
export function faultsIn(values: SettingValues): SettingFaults {
  const faults: SettingFaults = {};
  if (values.name.trim() === '') faults.name = texts.faults.name;
  if (values.retry_on_failure && values.retry_count === '') faults.retry_count = texts.faults.retries;
  if (values.timeout_seconds !== '' && !(Number(values.timeout_seconds) > 0)) {
    faults.timeout_seconds = texts.faults.timeout;
  }
  if (values.max_concurrent_executions !== '' && Number(values.max_concurrent_executions) < 1) {
    faults.max_concurrent_executions = texts.faults.leastOne;
  }
  Object.assign(faults, faultsOfControl(values));
  if (values.max_tokens !== '' && Number(values.max_tokens) < 1) {
    faults.max_tokens = texts.faults.leastOne;
  }
  if (values.max_cost !== '' && !(Number(values.max_cost) > 0)) {
    faults.max_cost = texts.faults.cost;
  }
  if (values.currency.trim() !== '' && values.max_cost === '') {
    faults.currency = texts.faults.currency;
  }
  return faults;
}

function faultsOfControl(values: SettingValues): SettingFaults {
  const faults: SettingFaults = {};
  const priority = String(values.priority).trim();
  if (values.max_concurrent_per_key !== '' && values.concurrency_key.trim() === '') {
    faults.max_concurrent_per_key = texts.faults.perKey;
  }
  if (priority !== '' && !priority.includes('${') && !(isWholeNumber(priority) && Math.abs(Number(priority)) <= 10)) {
    faults.priority = texts.faults.priority;
  }
  if (values.max_delay_seconds !== '' && values.debounce_seconds === '') {
    faults.max_delay_seconds = texts.faults.maxDelay;
  } else if (values.max_delay_seconds !== '' && Number(values.max_delay_seconds) < Number(values.debounce_seconds)) {
    faults.max_delay_seconds = texts.faults.shortDelay;
  }
  if (values.debounce_seconds !== '' && !(Number(values.debounce_seconds) > 0)) {
    faults.debounce_seconds = texts.faults.debounce;
  }
  return faults;
}
