import { Radio, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { flowsQuery, instantiateTemplate } from '@/api/flows';
import { healthQuery } from '@/api/health';
import type { Flow } from '@/api/types';
import { FlowPicture } from '@/components/flow-picture';
import { pictureOf } from '@/components/flow-picture-shape';
import { ProblemCard } from '@/components/problem-card';
import { BlockSkeleton } from '@/components/skeletons';
import classes from './dialogs.module.css';
import { DraftActions } from './draft-actions';
import { createDraft } from './queries';
import { type Template, templatesQuery } from './templates';
import { texts } from './texts';
import { useCreated } from './use-created';

/** Where `serve --demo` has its service. */
const DEMO_PATH = '/demo/peer';

/** What can be chosen: an example, or a flow of this server that is offered as a template. */
type Choice = Omit<Template, 'document'> & { definition: unknown; make: (name: string) => Promise<Flow> };

/** Creates a draft from a template. */
export function TemplateForm({ folder, onClose }: { folder: string | null; onClose: () => void }) {
  const health = useQuery(healthQuery());
  const demo = health.data?.is_demo ? `${location.origin}${DEMO_PATH}` : null;
  const templates = useQuery({ ...templatesQuery(demo), enabled: !health.isPending });
  const choices = useChoices(templates.data, folder);
  const [chosen, setChosen] = useState<string>();
  const [name, setName] = useState('');
  const choice = choices.find(({ id }) => id === chosen) ?? choices[0];
  const create = useCreated(onClose, () => {
    if (!choice) throw new Error(texts.create.notYet);
    return choice.make(name.trim() || choice.name);
  });
  if (templates.isError) return <ProblemCard problem={templates.error} onRetry={() => void templates.refetch()} />;
  if (templates.isPending || !choice) return <BlockSkeleton height={320} />;
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        if (!create.isPending) create.mutate();
      }}
    >
      <Radio.Group value={choice.id} onChange={setChosen} label={texts.create.template} size="sm">
        <div className={classes.choices}>
          {choices.map((one) => (
            <TemplateCard key={one.id} choice={one} />
          ))}
        </div>
      </Radio.Group>
      <Needs choice={choice} />
      <TextInput
        label={texts.create.name}
        placeholder={choice.name}
        value={name}
        onChange={(event) => setName(event.target.value)}
        maxLength={200}
      />
      <DraftActions create={create} reason={null} onClose={onClose} />
    </form>
  );
}

function useChoices(templates: readonly Template[] | undefined, folder: string | null): Choice[] {
  const flows = useQuery(flowsQuery()).data ?? [];
  const own = flows.filter((flow) => flow.is_template && flow.status !== 'archived');
  return [
    ...(templates ?? []).map(({ document, ...template }) => ({
      ...template,
      definition: document.flow_definition,
      make: (name: string) => createDraft({ ...document, name, folder }),
    })),
    ...own.map((flow) => ({
      id: flow.id,
      use: texts.card.template,
      name: flow.name,
      detail: flow.description || texts.card.nodes(flow.flow_definition.nodes.length),
      needs: [],
      definition: flow.flow_definition,
      make: (name: string) => instantiateTemplate(flow.id, name, folder),
    })),
  ];
}

function TemplateCard({ choice }: { choice: Choice }) {
  const { id, use, name, detail, definition } = choice;
  return (
    <Radio.Card value={id} className={`${classes.choice} ${classes.template}`}>
      <span className={classes.preview}>
        <FlowPicture picture={pictureOf(definition)} />
      </span>
      <span className={classes.choiceText}>
        <span className={classes.choiceLabel}>
          {use} {name !== use && <span className={classes.choiceDetail}>{name}</span>}
        </span>
        <span className={classes.choiceDetail}>{detail}</span>
      </span>
    </Radio.Card>
  );
}

function Needs({ choice: { needs } }: { choice: Choice }) {
  if (needs.length === 0) return <p className={classes.hint}>{texts.create.ready}</p>;
  return (
    <div className={classes.hint}>
      {texts.create.needs}
      <ul className={classes.points}>
        {needs.map((need) => (
          <li key={need}>{need}</li>
        ))}
      </ul>
    </div>
  );
}
