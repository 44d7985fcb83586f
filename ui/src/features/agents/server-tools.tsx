import { Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type Agent, listTools, type ServerTool } from '@/api/agents';
import { useMay } from '@/api/use-may';
import { ProblemCard } from '@/components/problem-card';
import { ReasonedButton } from '@/components/reasoned-button';
import { visible } from '@/lib/json-text';
import classes from './agents.module.css';
import { acceptTool, type SkillDraft } from './draft';
import { texts } from './texts';

interface ServerToolsProps {
  agent: Agent;
  skills: readonly SkillDraft[];
  onChange: (skills: readonly SkillDraft[]) => void;
}

/** The tools of an MCP server, as it defines them now, to be accepted as skills. */
export function ServerTools({ agent, skills, onChange }: ServerToolsProps) {
  const { why } = useMay('edit_agents');
  const listing = useMutation({ mutationFn: () => listTools(agent.id) });
  return (
    <section className={classes.trial} aria-label={texts.tools.title}>
      <h2 className={classes.heading}>{texts.tools.title}</h2>
      <p className={classes.hint}>{texts.tools.hint}</p>
      <div>
        <ReasonedButton reason={why} variant="default" loading={listing.isPending} onClick={() => listing.mutate()}>
          {texts.tools.list}
        </ReasonedButton>
      </div>
      <div aria-live="polite" className={classes.form}>
        {listing.isError && <ProblemCard problem={listing.error} />}
        {listing.data && listing.data.tools.length === 0 && <p className={classes.hint}>{texts.tools.none}</p>}
        {listing.data?.tools.map((tool) => (
          <Tool key={tool.name} tool={tool} skills={skills} onAccept={() => onChange(acceptTool(skills, tool))} />
        ))}
      </div>
    </section>
  );
}

interface ToolProps {
  tool: ServerTool;
  skills: readonly SkillDraft[];
  onAccept: () => void;
}

function Tool({ tool, skills, onAccept }: ToolProps) {
  const skill = skills.find(({ name }) => name.trim() === tool.name);
  const isAccepted = skill?.hash.trim() === tool.hash;
  const label = skill?.hash ? texts.tools.acceptChange(tool.name) : texts.tools.accept(tool.name);
  return (
    <article className={classes.skill} aria-label={tool.name}>
      <div className={classes.head}>
        <h3 className={classes.heading}>{visible(tool.name)}</h3>
        {isAccepted ? (
          <span className={classes.hint}>{texts.tools.accepted}</span>
        ) : (
          <Button size="xs" variant="default" aria-label={label} onClick={onAccept}>
            {skill?.hash ? texts.tools.acceptChangeShort : texts.tools.acceptShort}
          </Button>
        )}
      </div>
      {tool.description && <p className={classes.hint}>{visible(tool.description)}</p>}
    </article>
  );
}
