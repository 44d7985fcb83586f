import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { flowQuery } from '@/api/flows';
import type { Flow } from '@/api/types';
import { saveSettings } from './queries';
import type { SettingValues } from './setting-values';
import { texts } from './texts';

interface Change {
  /** The initial values of the form, or those that were saved elsewhere since. */
  base: SettingValues;
  mine: SettingValues;
}

/** Saves settings, and updates every list and page with the flow. */
export function useSaveSettings(flowId: string, onSaved: (flow: Flow) => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ base, mine }: Change) => saveSettings(flowId, base, mine),
    onSuccess: (flow) => {
      queries.setQueryData(flowQuery(flowId).queryKey, flow);
      void queries.invalidateQueries({ queryKey: ['flows'] });
      notifications.show({ id: 'settings-saved', message: texts.saved(flow.name), color: 'green' });
      onSaved(flow);
    },
  });
}
