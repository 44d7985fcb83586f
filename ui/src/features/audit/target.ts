/** What an entry is about, by the path that was asked for. All functions are pure. */
import { own } from '@/lib/own';
import { shortId } from '@/lib/short-id';
import { texts } from './texts';

type Place =
  | { to: '/flows/$flowId'; params: { flowId: string } }
  | { to: '/executions/$executionId'; params: { executionId: string } }
  | { to: '/agents'; search: { agent: string } }
  | { to: '/alerts' | '/secrets' | '/keys' | '/members' };

export interface Target {
  /** What kind of thing it is. */
  kind: string;
  /** Which one; `null` where the path does not say. */
  id: string | null;
  /** Where it is in the studio; `null` where it has no page. */
  place: Place | null;
}

/** Reads a path such as `/api/v1/studio/flows/0198…`. */
export function targetOf(path: string): Target {
  // One's own keys are keys.
  const below = path.replace(/^\/api\/v1\/(studio\/)?(account\/(?=keys))?/, '');
  const [kind = '', ...rest] = below.split('/');
  // What stands below an account is one's own.
  const id = kind === 'account' || kind === 'decisions' ? null : idIn(kind, rest);
  return { kind: own(texts.kinds, kind) ?? path, id, place: placeOf(kind, id) };
}

function idIn(kind: string, [first, second]: readonly string[]): string | null {
  // What is counted for many has a placeholder.
  if (first === undefined || first.startsWith('{')) return null;
  // A template is a flow.
  if (kind === 'flows' && first === 'templates') return second ?? null;
  // The ID of an approval names its execution, a colon and the call.
  return kind === 'approvals' ? (first.split(/:|%3A/i)[0] ?? null) : decoded(first);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function placeOf(kind: string, id: string | null): Place | null {
  switch (kind) {
    case 'flows':
      return id === null ? null : { to: '/flows/$flowId', params: { flowId: id } };
    case 'executions':
    case 'approvals':
      return id === null ? null : { to: '/executions/$executionId', params: { executionId: id } };
    case 'agents':
      return id === null ? null : { to: '/agents', search: { agent: id } };
    case 'alerts':
    case 'secrets':
    case 'keys':
    case 'members':
      return { to: `/${kind}` };
    case 'invitations':
      return { to: '/members' };
    default:
      return null;
  }
}

const UUID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/i;

/** Returns an ID as it is shown: short, if it is a long one. */
export function idText(id: string): string {
  return UUID.test(id) ? `…${shortId(id)}` : id;
}
