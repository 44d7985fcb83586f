/** The session of an agent node: the key alone, or an object. All functions are pure. */
import { isRecord } from '@/lib/json';
import { own } from '@/lib/own';

const KEY = 'key';

/** Returns the value of a key of a session; the short form is its `key`. */
export function sessionValue(session: unknown, key: string): unknown {
  if (isRecord(session)) return own(session, key);
  return key === KEY ? session : undefined;
}

/** Returns the session with this value, in the form that it has as long as that can hold it. */
export function withSessionValue(session: unknown, key: string, value: unknown): unknown {
  if (typeof session === 'string' && key === KEY) return value ?? '';
  const object = isRecord(session) ? session : { [KEY]: session };
  const { [key]: _old, ...others } = object;
  return value === undefined ? others : { ...object, [key]: value };
}

/** Returns where the faults of a field are. */
export function sessionPath(session: unknown, key: string): readonly string[] {
  return isRecord(session) || key !== KEY ? ['session', key] : ['session'];
}
