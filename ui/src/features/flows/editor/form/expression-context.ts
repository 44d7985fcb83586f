import { createContext } from 'react';

/** What an expression comes to: a value, or why there is none. */
export type Evaluated = { value: unknown } | { missing: string } | { isHidden: true } | { isFaulty: true };

/** What is known about expressions at a place. */
export interface Expressions {
  /** Evaluates a template, or an expression without `${ }`, with pinned values. */
  evaluate(text: string, isBare: boolean, signal: AbortSignal): Promise<Evaluated>;
  /** Says which fields that it reads may be missing. */
  doubts(text: string, isBare: boolean): readonly string[];
}

/** `null` where expressions are not evaluated. */
export const ExpressionContext = createContext<Expressions | null>(null);
