import { useQuery } from '@tanstack/react-query';
import { approvalsKey } from '@/api/approvals';
import { previewOf, wholeValue } from '@/api/preview';

/** A part of an approval that has to be read whole: it is fetched where the list has a preview. */
export function useWhole(id: string, part: string, value: unknown): { value: unknown; error: unknown } {
  const preview = previewOf(value);
  const whole = useQuery({
    queryKey: [...approvalsKey, id, part],
    queryFn: () => (preview ? wholeValue(preview) : value),
    enabled: preview !== null,
    structuralSharing: false,
  });
  return { value: preview ? whole.data : value, error: whole.error };
}
