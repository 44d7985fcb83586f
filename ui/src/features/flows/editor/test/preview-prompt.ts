import { type Prompt, promptOf } from '@/api/agents';
import { type NodeTestBody, testNode } from '@/api/flows';
import type { FlowNode, Json } from '@/api/types';

/** What the model of a node would be sent, or why there is nothing to send. */
export interface Preview {
  prompt: Prompt | null;
  error: string | null;
}

/** Makes the prompt of an agent node from pinned values. Nothing is called, and nothing is stored. */
export async function previewPrompt(body: NodeTestBody, { agent_id, skill }: FlowNode): Promise<Preview> {
  const { input, error } = await testNode({ ...body, only_input: true }, AbortSignal.timeout(TIME_MAX));
  if (error) return { prompt: null, error: error.error_message };
  const tried = await promptOf(String(agent_id), String(skill), input as Json);
  return { prompt: tried.prompt, error: tried.error?.error_message ?? null };
}

const TIME_MAX = 30_000;
