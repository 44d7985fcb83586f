import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type Pause, pauseEverything, pauseKey, resumeEverything } from '@/api/pause';
import { toProblem } from '@/api/problem';
import { texts } from '@/lib/texts';

/** Pauses and resumes everything. What the server says is shown at once, and all that may have changed is fetched again. */
export function usePauseSwitch() {
  const queries = useQueryClient();
  const settled = {
    onSuccess: (pause: Pause) => {
      queries.setQueryData(pauseKey, pause);
      void queries.invalidateQueries({ queryKey: ['executions'] });
    },
    // Somebody else may have switched it a moment before.
    onError: () => void queries.invalidateQueries({ queryKey: pauseKey }),
  };
  const pause = useMutation({ mutationFn: pauseEverything, ...settled });
  const resume = useMutation({
    mutationFn: resumeEverything,
    onSuccess: settled.onSuccess,
    onError: (problem) => {
      settled.onError();
      notifications.show({ color: 'red', message: toProblem(problem).detail });
    },
  });
  const resumed = () => notifications.show({ message: texts.pause.resumed });
  return { pause, resume: { ...resume, run: () => resume.mutate(undefined, { onSuccess: resumed }) } };
}
