import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { secretsQuery } from '@/api/secrets';
import type { Flow } from '@/api/types';
import { useMay } from '@/api/use-may';
import { texts as ofDocument } from '../document/texts';
import { withValues } from '../document/value-names';
import type { Expressions } from '../form/expression-context';
import type { Name } from '../form/name';
import { useExpressions } from './use-expressions';
import { type Place, useSources } from './use-sources';

const words = ofDocument.names;

/** Returns the names that expressions may use at a place, with what is known of their values, and what evaluates them. */
export function usePlace(
  flow: Flow,
  place: Place,
  known: readonly Name[],
): { names: readonly Name[]; expressions: Expressions | null } {
  const { sources } = useSources(flow.id, place);
  const expressions = useExpressions(flow, place, sources);
  const { may } = useMay('view_secrets');
  const readsSecrets = known.some(({ name }) => name === 'secrets.');
  const secrets = useQuery({ ...secretsQuery(), enabled: may && readsSecrets }).data;
  const names = useMemo(() => {
    const named = sources.map(({ base, title, pin, shape }) => ({
      base,
      detail: title ? words.output(title) : words.triggerData,
      shape,
      value: pin.reading,
    }));
    const all = withValues(named, known);
    if (!readsSecrets || !secrets || secrets.length === 0) return all;
    const others = all.filter(({ name }) => name !== 'secrets.');
    return [...others, ...secrets.map(({ name }) => ({ name: `secrets.${name}`, detail: words.secret }))];
  }, [sources, known, readsSecrets, secrets]);
  return { names, expressions };
}
