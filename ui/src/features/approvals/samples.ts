/** Approvals for tests. */
import type { Approval } from '@/api/approvals';

export const EXECUTION = '018f3a5e-0000-7000-8000-000000000001';

export const waiting: Approval = {
  id: `${EXECUTION}:buy:tool:1:0`,
  subject: 'tool',
  execution_id: EXECUTION,
  flow_id: '018f3a5e-0000-7000-8000-000000000002',
  flow_name: 'Buying',
  node_id: 'buy',
  node_name: 'Buy it',
  agent_name: 'Clerk',
  tool: 'pay',
  guardrail: null,
  arguments: { amount: 1_200 },
  form: null,
  arguments_hash: 'sha256:1',
  requested_at: '2027-01-15T08:00:00.000000Z',
  expires_at: null,
  is_open: true,
  decided: null,
};
