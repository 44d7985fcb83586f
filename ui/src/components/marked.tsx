import { createContext, useContext } from 'react';
import { stringifySearch } from '@/lib/search-params';
import { texts } from '@/lib/texts';
import { CopyButton } from './copy-button';

/** Which part of a node an address names: an attempt, or a step of its conversation. */
export interface Mark {
  executionId: string;
  nodeId: string;
  attempt?: number | undefined;
  step?: number | undefined;
}

/** The node that is shown, and what of it the address names. */
const MarkContext = createContext<Mark | null>(null);
export const Marks = MarkContext.Provider;

type Part = { attempt: number } | { step: number } | object;

/** The address of a part of a node. */
export function addressOf({ executionId, nodeId }: Mark, part: Part): string {
  return `${window.location.origin}/executions/${executionId}${stringifySearch({ node: nodeId, ...part })}`;
}

/** What marks a part that the address names: it is scrolled to once, and stands out. */
export function useMark(part: { attempt: number } | { step: number | undefined }) {
  const mark = useContext(MarkContext);
  const [wanted, own] = 'attempt' in part ? [mark?.attempt, part.attempt] : [mark?.step, part.step];
  return own !== undefined && wanted === own ? { 'data-marked': true, ref: scrollTo } : {};
}

function scrollTo(element: HTMLElement | null) {
  element?.scrollIntoView({ block: 'center' });
}

/** Copies the address of a part of a node. */
export function CopyLink({ part, label = texts.linkTo.node }: { part?: Part; label?: string }) {
  const mark = useContext(MarkContext);
  if (!mark) return null;
  return <CopyButton value={addressOf(mark, part ?? {})} label={label} icon="link" />;
}
