/** What can be in the audit log, by the names of the operations of the API. */
import { own } from '@/lib/own';
import { texts } from './action-texts';

const ACTIONS = [
  'create_flow',
  'change_flow',
  'activate_flow',
  'restore_flow_version',
  'instantiate_template',
  'delete_flow',
  'create_agent',
  'change_agent',
  'restore_agent_version',
  'delete_agent',
  'create_alert',
  'change_alert',
  'delete_alert',
  'put_secret',
  'delete_secret',
  'authorize_secret',
  'finish_authorization',
  'create_key',
  'delete_key',
  'create_invitation',
  'delete_invitation',
  'accept_invitation',
  'change_member',
  'delete_member',
  'create_password_link',
  'sign_in',
  'sign_out',
  'change_account',
  'change_password',
  'end_sign_in',
  'end_other_sign_ins',
  'decide_approval',
  'decide_by_link',
  'create_link',
  'decide_node',
  'cancel_execution',
  'pause_execution',
  'resume_execution',
  'pause_everything',
  'resume_everything',
  'cancel_executions',
  'pause_executions',
  'resume_executions',
  'note_failures',
  'stop_compensation',
  'retry_node_now',
  'delete_session',
  'regenerate_session',
  'kill',
] as const satisfies readonly (keyof typeof texts)[];

/** Writes the name of an operation as words: `Change flow`. */
export function actionText(action: string): string {
  const known = own<string>(texts, action);
  if (known !== undefined) return known;
  const words = action.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export const ACTION_OPTIONS = ACTIONS.map((value) => ({ value, label: texts[value] }));
