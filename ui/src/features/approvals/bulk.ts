/** Decisions on several approvals: each has its own request, which names the hash of what it decides on. */
import { type Approval, type ApprovalDecision, decideApproval } from '@/api/approvals';
import { previewOf } from '@/api/preview';
import { toProblem } from '@/api/problem';
import { faultOf, fieldsOf, initialValues, objectOf } from '@/components/schema-form/fields';
import { isGone } from '@/components/use-decision';

export type Verdict = 'approved' | 'rejected';

/** What became of one: `gone` if somebody else has decided, `failed` if it may still wait. */
export type Result = { kind: 'done' } | { kind: 'gone' | 'failed'; detail: string };

/** Returns the request that decides on it; `null` if it needs an answer that only its own form can give. */
export function requestFor(approval: Approval, verdict: Verdict, comment: string): ApprovalDecision | null {
  const said = approval.subject === 'input' || !comment.trim() ? {} : { comment: comment.trim() };
  const body = { decision: verdict, arguments_hash: approval.arguments_hash, ...said };
  if (verdict === 'rejected') return body;
  switch (approval.subject) {
    case 'tool':
    case 'output':
      return body;
    case 'input':
      return null;
    case 'node': {
      if (approval.form === null) return body;
      const fields = previewOf(approval.form) ? null : fieldsOf(approval.form);
      const values = initialValues(fields ?? []);
      const isWhole = fields?.every((field) => faultOf(field, values.get(field.name)) === null);
      return fields && isWhole ? { ...body, form: objectOf(fields, values) } : null;
    }
  }
}

export interface Wanted {
  id: string;
  body: ApprovalDecision;
}

/** How many requests are under way at once. */
const AT_ONCE = 4;

/** Sends all of them, and tells of each what became of it. One that fails does not stop the others. */
export async function decideEach(wanted: readonly Wanted[], onResult: (id: string, result: Result) => void) {
  const queue = [...wanted];
  const work = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) onResult(next.id, await decide(next));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

async function decide({ id, body }: Wanted): Promise<Result> {
  try {
    await decideApproval(id, body);
    return { kind: 'done' };
  } catch (error) {
    return { kind: isGone(error) ? 'gone' : 'failed', detail: toProblem(error).detail };
  }
}
