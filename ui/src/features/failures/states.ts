/** Which groups are shown. */
import type { FailureGroup } from '@/api/reports';
import type { FailuresSearch } from './search';

export function isShown(
  { notes }: Pick<FailureGroup, 'notes'>,
  { state = 'open', mine }: FailuresSearch,
  me: string | undefined,
): boolean {
  return notes.state === state && (!mine || (me !== undefined && notes.assigned_to?.id === me));
}
