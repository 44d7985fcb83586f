import { useState } from 'react';
import { executeFlow } from '@/api/flows';
import { idempotencyKey } from '@/lib/keys';

interface Sending {
  message: string;
  /** One for each message: what is sent again after a lost answer starts nothing twice. */
  key: string;
  /** What was started with it. */
  executionId: string | null;
  error: unknown;
}

interface Outbox {
  /** The messages that no execution of the conversation is known for. */
  unsent: readonly string[];
  error: unknown;
  send: (message: string) => void;
  /** Sends again what failed. */
  again: () => void;
}

/** Messages on their way. `known` are the executions of the conversation; `onSent` reads them again. */
export function useOutbox(flowId: string, conversation: string, known: readonly string[], onSent: () => void): Outbox {
  const [all, setAll] = useState<readonly Sending[]>([]);
  const set = (key: string, change: Partial<Sending>) =>
    setAll((before) => before.map((one) => (one.key === key ? { ...one, ...change } : one)));
  const post = async ({ message, key }: Sending) => {
    try {
      const body = { context_id: conversation, trigger_data: { message } };
      set(key, { error: null });
      set(key, { executionId: await executeFlow(flowId, body, key) });
      onSent();
    } catch (error) {
      set(key, { error });
    }
  };
  const open = all.filter(({ executionId }) => executionId === null || !known.includes(executionId));
  const failed = open.filter(({ error }) => error !== null);
  return {
    unsent: open.map(({ message }) => message),
    error: failed[0]?.error ?? null,
    send: (message) => {
      const sending = { message, key: idempotencyKey(), executionId: null, error: null };
      setAll((before) => [...before, sending]);
      void post(sending);
    },
    again: () => failed.forEach((one) => void post(one)),
  };
}
