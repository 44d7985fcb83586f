/** Operations that send or show secrets. They are not tried from the reference: secrets are shown once, on their own pages. */
const UNTRIED: Readonly<Record<string, string | null>> = {
  accept_invitation: null,
  add_passkey: '/account',
  ask_new_passkey: '/account',
  ask_passkey: null,
  begin_at_provider: null,
  change_password: '/account',
  create_invitation: '/members',
  create_key: '/keys',
  create_link: '/approvals',
  create_own_key: '/keys',
  create_password_link: '/members',
  create_tenant: '/tenants',
  decide_by_link: null,
  finish_at_provider: null,
  put_secret: '/secrets',
  authorize_secret: '/secrets',
  reveal_node_input: null,
  reveal_node_output: null,
  reveal_result: null,
  reveal_trigger_data: null,
  show_decision: null,
  show_invitation: null,
  sign_in: null,
  sign_in_with_passkey: null,
};

/** Returns whether an operation is not tried, and the page of the studio that does it. */
export function untried(operation: string): { page: string | null } | null {
  const page = UNTRIED[operation];
  return page === undefined ? null : { page };
}
