/** What of the data of a flow is not to be shown while it is edited. */
import type { Flow } from '@/api/types';
import type { Read } from '../document/reads';

/** Whether an expression may read something sensitive. Of texts that are recognized by a pattern, any value may have one. */
export function hidden(sensitive: Flow['sensitive'], reads: readonly Read[]): boolean {
  if (!sensitive) return false;
  if ((sensitive.patterns ?? []).length > 0) return reads.length > 0;
  const paths = (sensitive.fields ?? []).map((field) => field.split('.'));
  return reads.some(({ node, keys }) => {
    // Of a list, all entries are meant.
    const way = [node ?? 'trigger_data', ...keys.filter((key) => typeof key === 'string')];
    return paths.some((path) => path.slice(0, way.length).every((part, at) => part === way[at]));
  });
}
