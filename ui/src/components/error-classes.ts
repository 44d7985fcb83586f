/** Every error class: its label, its meaning, and whether it is retried by default. */

import type { ErrorClass } from '@/api/types';
import { own } from '@/lib/own';
import { texts } from './look-texts';

interface ErrorClassWords {
  label: string;
  meaning: string;
}

export interface ErrorClassLook extends ErrorClassWords {
  retried: boolean;
}

const RETRIED: Readonly<Record<ErrorClass, boolean>> = {
  timeout: true,
  connection: true,
  rate_limited: true,
  unavailable: true,
  rejected: false,
  tool: true,
  model_output: true,
  guardrail: false,
  validation: false,
  expression: false,
  configuration: false,
  script: false,
  budget: false,
  cancelled: false,
  replaced: false,
  output_too_large: false,
  internal: true,
  interrupted: true,
};

export const ERROR_CLASS_NAMES = Object.keys(RETRIED) as ErrorClass[];

/** Returns the look of a class; `undefined` for a class of a newer server. */
export function errorClassLook(name: string): ErrorClassLook | undefined {
  const words = own<ErrorClassWords>(texts.errorClasses, name);
  return words && { ...words, retried: own(RETRIED, name) === true };
}

export function errorClassLabel(name: string): string {
  return errorClassLook(name)?.label ?? name.replaceAll('_', ' ');
}
