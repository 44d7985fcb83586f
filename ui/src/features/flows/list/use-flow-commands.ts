import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { flowsQuery, instantiateTemplate, setFlowStatus } from '@/api/flows';
import { toProblem } from '@/api/problem';
import type { Flow, FlowStatus } from '@/api/types';
import { jsonText } from '@/lib/json';
import { fileName, saveFile } from '@/lib/save-file';
import { copyName, documentOf } from './flow-document';
import { createDraft } from './queries';
import { texts } from './texts';

/** Commands that open a dialog about a flow. */
export type FlowCommand = 'run' | 'settings' | 'versions' | 'move' | 'delete';

/** Commands that act on a flow at once, without a dialog. */
export function useFlowCommands(flow: Flow) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const refuse = (error: unknown) => {
    const { title, detail } = toProblem(error);
    notifications.show({ title, message: detail, color: 'red' });
  };
  const go = (made: Flow) => {
    void queries.invalidateQueries({ queryKey: ['flows'] });
    void navigate({ to: '/flows/$flowId', params: { flowId: made.id } });
  };
  const duplicate = useMutation({
    mutationFn: async () => {
      const known = queries.getQueryData(flowsQuery().queryKey)?.rows ?? [];
      const name = copyName(flow.name, new Set(known.map((other) => other.name)));
      return createDraft({ ...documentOf(flow), name, folder: flow.folder });
    },
    onSuccess: go,
    onError: refuse,
  });
  const fromTemplate = useMutation({
    mutationFn: () => instantiateTemplate(flow.id, flow.name, flow.folder),
    onSuccess: go,
    onError: refuse,
  });
  const status = useMutation({
    mutationFn: (to: FlowStatus) => setFlowStatus(flow.id, to),
    onSuccess: (_, to) => {
      notifications.show({ id: `status-${flow.id}`, message: texts.statusChanged(flow.name, to), color: 'green' });
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ['flows'] }),
    onError: refuse,
  });
  return {
    duplicate: () => duplicate.mutate(),
    instantiate: () => fromTemplate.mutate(),
    setStatus: (to: FlowStatus) => status.mutate(to),
    export: () => saveFile(`${fileName(flow.name)}.flow.json`, `${jsonText(documentOf(flow))}\n`),
  };
}
