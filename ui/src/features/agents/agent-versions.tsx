import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type Agent, type AgentVersion, restoreAgentVersion } from '@/api/agents';
import { Problem } from '@/api/problem';
import { useMay } from '@/api/use-may';
import { ChangedPart, ChangeSection, ChangeSections, Changes } from '@/components/changes';
import { ProblemCard } from '@/components/problem-card';
import { RowsSkeleton } from '@/components/skeletons';
import type { Described } from '@/components/version-item';
import { VersionList } from '@/components/version-list';
import { own } from '@/lib/own';
import { type AgentDiff, diffAgents } from './agent-diff';
import { agentVersionsQuery } from './queries';
import { texts } from './texts';

const { budget, prices, protection } = texts;

/** What the form calls the fields. */
const LABELS: Readonly<Record<string, string>> = {
  ...texts.versions.labels,
  'budget.max_tokens_per_day': `${budget.title}: ${budget.tokens}`,
  'budget.max_cost_per_day': `${budget.title}: ${budget.cost}`,
  'prices.currency': `${prices.title}: ${prices.currency}`,
  'prices.input_per_million': `${prices.title}: ${prices.input_per_million}`,
  'prices.cached_input_per_million': `${prices.title}: ${prices.cached_input_per_million}`,
  'prices.cache_write_per_million': `${prices.title}: ${prices.cache_write_per_million}`,
  'prices.output_per_million': `${prices.title}: ${prices.output_per_million}`,
  'protection.max_concurrency': `${protection.title}: ${protection.concurrency}`,
  'protection.requests_per_minute': `${protection.title}: ${protection.requests}`,
  'protection.tokens_per_minute': `${protection.title}: ${protection.tokens}`,
  'protection.breaker.failures': `${protection.title}: ${protection.failures}`,
  'protection.breaker.open_seconds': `${protection.title}: ${protection.openSeconds}`,
};

interface AgentVersionsProps {
  id: string;
  /** Receives the agent as it is then. */
  onRestored: (agent: Agent) => void;
}

/** Every version of an agent, its changes, and how to restore it. */
export function AgentVersions({ id, onRestored }: AgentVersionsProps) {
  const queries = useQueryClient();
  const { why } = useMay('edit_agents');
  const versions = useQuery(agentVersionsQuery(id));
  if (versions.isPending) return <RowsSkeleton rows={4} height={52} />;
  if (versions.isError) return <ProblemCard problem={versions.error} onRetry={() => void versions.refetch()} />;
  const { agent, rows, damaged } = versions.data;
  const restore = async (version: number) => {
    try {
      const restored = await restoreAgentVersion(agent, version);
      void queries.invalidateQueries({ queryKey: ['agents'] });
      onRestored(restored);
      return restored.version;
    } catch (error) {
      if (error instanceof Problem && error.isConflict) void versions.refetch();
      throw error;
    }
  };
  return (
    <VersionList
      versions={rows}
      damaged={damaged.map(({ version, damaged: reason }) => texts.versions.damaged(version, reason))}
      describe={describe}
      restoreDetail={texts.versions.restoreDetail}
      whyNotRestore={why}
      onRestore={restore}
    />
  );
}

function describe(version: AgentVersion, base: AgentVersion | undefined): Described {
  if (!base) return { summary: texts.versions.nothingBefore(version.skills.length), changes: null };
  const diff = diffAgents(base, version);
  const isEmpty = diff.fields.length + diff.skills.length === 0;
  return { summary: summaryOf(diff), changes: isEmpty ? null : <AgentChanges diff={diff} /> };
}

function AgentChanges({ diff: { fields, skills } }: { diff: AgentDiff }) {
  const labelled = fields.map((field) => ({ ...field, path: own(LABELS, field.path) ?? field.path }));
  return (
    <ChangeSections>
      {fields.length > 0 && (
        <ChangeSection title={texts.versions.fields}>
          <Changes changes={labelled} />
        </ChangeSection>
      )}
      {skills.length > 0 && (
        <ChangeSection title={texts.form.skills}>
          {skills.map(({ kind, name, changes }) => (
            <ChangedPart key={`${kind} ${name}`} kind={kind} name={name} changes={changes} />
          ))}
        </ChangeSection>
      )}
    </ChangeSections>
  );
}

function summaryOf({ fields, skills }: AgentDiff): string {
  const names = (kind: string) => skills.filter((skill) => skill.kind === kind).map(({ name }) => name);
  const { summary } = texts.versions;
  const parts = [
    fields.length > 0 && texts.versions.changedFields(fields.length),
    ...(['added', 'removed', 'changed'] as const).map(
      (kind) => names(kind).length > 0 && summary[kind](names(kind).join(', ')),
    ),
  ].filter((part) => part !== false);
  return parts.length > 0 ? parts.join(' · ') : texts.versions.same;
}
