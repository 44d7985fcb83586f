import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { flowQuery, warningsOf } from '@/api/flows';
import { Problem, toProblem } from '@/api/problem';
import { useDraftStore } from './document/draft-context';
import type { DraftStore } from './document/draft-store';
import { placeFaults } from './document/faults';
import { Conflict, saveDefinition } from './document/queries';
import type { Keeper } from './keeping/keeper';
import { useKeeper } from './keeping/keeper-context';
import { texts } from './texts';

/** Saves the draft as a new version, with a note about it if there is one. A conflict is put into the draft, for the user to resolve. */
export function useSave(flowId: string) {
  const store = useDraftStore();
  const keeper = useKeeper();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (note: string | undefined) => save(store, flowId, keeper, note),
    onSuccess: (flow) => {
      queries.setQueryData(flowQuery(flowId).queryKey, flow);
      void queries.invalidateQueries({ queryKey: ['flows'], refetchType: 'active' });
      const warnings = warningsOf(flow).length;
      const message = texts.toolbar.saved(flow.version, warnings);
      notifications.show({ id: 'flow-saved', message, color: warnings > 0 ? 'yellow' : 'green' });
    },
    onError: (error) => {
      if (error instanceof Conflict) return;
      const problem = toProblem(error);
      if (problem instanceof Problem && problem.faults.length > 0) {
        const { present, setFindings } = store.getState();
        setFindings({ faults: placeFaults(problem.faults, present), warnings: [] });
      }
      notifications.show({ id: 'flow-saved', title: problem.title, message: problem.detail, color: 'red' });
    },
  });
}

async function save(store: DraftStore, flowId: string, keeper: Keeper | null, note: string | undefined) {
  // What is kept of it is known then, so that it ends with it.
  const revision = (await keeper?.flush()) ?? null;
  const { present } = store.getState();
  const attempt = async () => {
    const flow = await saveDefinition(flowId, store.getState().etag, present, { endsDraft: revision, note });
    store.getState().saveDone(flow, present);
    keeper?.saved(revision);
    return flow;
  };
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof Conflict)) throw error;
    store.getState().receive(error.flow);
    if (store.getState().conflict) throw error;
    // Only the settings or the status were newer: the graph is still the one that this draft started from.
    return attempt();
  }
}
