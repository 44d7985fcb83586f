/** Which flows are chats: an agent node answers in a session of its own for each conversation. All functions are pure. */
import type { Flow } from '@/api/types';
import { isRecord } from '@/lib/json';
import { own } from '@/lib/own';

/** How a flow answers. */
export interface ChatFlow {
  /** The node that answers. */
  nodeId: string;
  /** The agent that it asks, whose sessions the conversations are. */
  agentId: string;
  /** Returns the key of the session of a conversation. */
  sessionOf: (conversation: string) => string;
}

export type Unfit = 'noSession' | 'otherKey' | 'noMessage';

/** Not behind `$`, which makes text of it. */
const CONTEXT_ID = /(?<!\$)\$\{\s*context\.id\s*\}/g;

/** Returns how a flow answers, or why it is no chat. */
export function chatOf(flow: Flow): ChatFlow | Unfit {
  const answering = flow.flow_definition.nodes.filter(
    (node) => node.type === 'agent' && typeof node.agent_id === 'string' && keyOf(node.session) !== null,
  );
  if (answering.length === 0) return 'noSession';
  const node = answering.find(({ session }) => isOfConversation(keyOf(session)));
  const key = keyOf(node?.session);
  if (!node || key === null) return 'otherKey';
  const isRead = flow.trigger_input?.fields.some(({ path }) => path.length === 1 && path[0] === 'message');
  if (!isRead) return 'noMessage';
  return {
    nodeId: node.id,
    agentId: String(node.agent_id),
    sessionOf: (conversation) => key.replace(CONTEXT_ID, () => conversation).replaceAll('$${', '${'),
  };
}

function keyOf(session: unknown): string | null {
  const key = isRecord(session) ? own(session, 'key') : session;
  return typeof key === 'string' && key !== '' ? key : null;
}

/** Whether a key names the conversation and nothing else that changes. */
function isOfConversation(key: string | null): boolean {
  if (key === null) return false;
  const rest = key.replace(CONTEXT_ID, '');
  return rest !== key && !rest.replaceAll('$${', '').includes('${');
}

/** Returns the name of a conversation from an address; `undefined` for one that no page has made. */
export function conversationIn(value: string | undefined): string | undefined {
  return value !== undefined && /^[0-9A-Za-z-]{8,64}$/.test(value) ? value : undefined;
}
