import { type RawSearch, textIn } from '@/lib/search-params';

/** What is shown of a form: the execution that it has started, if it has. */
export function readFormSearch(search: RawSearch): { execution?: string | undefined } {
  return { execution: textIn(search, 'execution') };
}
