import { ActionIcon, Skeleton } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconCheck, IconChevronRight, IconPencil } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useContext, useState } from 'react';
import { secretsQuery } from '@/api/secrets';
import { useMay } from '@/api/use-may';
import { useBenchStore } from '../bench/bench-context';
import { TRIGGER } from '../bench/pins';
import { type Place, type Source, useSources } from '../bench/use-sources';
import { nodeById } from '../document/definition';
import { useDraft, useDraftStore } from '../document/draft-context';
import type { Shape } from '../document/shape';
import { texts as ofDocument } from '../document/texts';
import { InsertContext } from '../form/insertion';
import classes from './node-test.module.css';
import { Origin } from './origin';
import { PinEditor } from './pin-editor';
import { texts } from './texts';
import { sampleOf } from './tree';
import { drag, ValueTree } from './value-tree';

const { types } = ofDocument;

interface InputPaneProps {
  flowId: string;
  place: Place;
}

/** What expressions can read at a place, as trees: pinned values, else what is known of their shape. */
export function InputPane({ flowId, place }: InputPaneProps) {
  const isInBody = useDraft((state) => state.inside.length > 0);
  const { sources, isLoading } = useSources(flowId, place);
  const insert = useInsert();
  if (isInBody) return <p className={classes.detail}>{texts.notAlone}</p>;
  return (
    <div className={classes.sources}>
      {sources.length === 1 && <p className={classes.detail}>{texts.noInput}</p>}
      {isLoading && <Skeleton height={90} radius="md" />}
      {!isLoading &&
        sources.map((source, at) => (
          <SourceSection key={source.name} source={source} isOpenAtFirst={at < 3} onInsert={insert} />
        ))}
      <Others onInsert={insert} />
    </div>
  );
}

/** Returns a function that puts an expression into the field that was edited last. */
function useInsert(): (path: string) => void {
  const target = useContext(InsertContext);
  return (path) => {
    if (target.current) target.current.insert(path);
    else notifications.show({ id: 'insert', message: texts.noField });
  };
}

interface SourceSectionProps {
  source: Source;
  isOpenAtFirst: boolean;
  onInsert: (path: string) => void;
}

function SourceSection({ source, isOpenAtFirst, onInsert }: SourceSectionProps) {
  const { name, title, base, pin, shape } = source;
  const store = useDraftStore();
  const bench = useBenchStore();
  const [isOpen, setOpen] = useState(isOpenAtFirst);
  const [isEdited, setEdited] = useState(false);
  const label = name === TRIGGER ? texts.trigger : title;
  const full = name === TRIGGER ? texts.trigger : texts.outputOf(title);
  const edit = () => {
    setEdited(!isEdited);
    setOpen(true);
  };
  const change = (text: string) => bench.getState().type(name, text, nodeById(store.getState().present, name));
  return (
    <section className={classes.source} aria-label={full}>
      <div className={classes.sourceHead}>
        <button
          type="button"
          className={classes.fold}
          aria-expanded={isOpen}
          draggable
          onDragStart={(event) => drag(event, base)}
          onClick={() => setOpen(!isOpen)}
        >
          <IconChevronRight size={13} aria-hidden className={classes.chevron} />
          <span className={classes.sourceTitle}>{label}</span>
        </button>
        <ActionIcon
          size="sm"
          aria-label={isEdited ? texts.done : texts.edit(full)}
          title={isEdited ? texts.done : texts.edit(full)}
          onClick={edit}
        >
          {isEdited ? <IconCheck size={14} aria-hidden /> : <IconPencil size={14} aria-hidden />}
        </ActionIcon>
      </div>
      {isOpen && (
        <div className={classes.sourceBody}>
          <Origin pin={pin} />
          {isEdited ? (
            <PinEditor pin={pin} title={full} onChange={change} onUnpin={() => bench.getState().unpin(name)} />
          ) : (
            <Value source={source} label={full} shape={shape} onInsert={onInsert} />
          )}
        </div>
      )}
    </section>
  );
}

interface ValueProps {
  source: Source;
  label: string;
  shape: Shape;
  onInsert: (path: string) => void;
}

/** A tree where there are fields; a text or a number is one row. */
function Value({ source: { base, pin }, label, shape, onInsert }: ValueProps) {
  const isWhole = pin.reading !== null && sampleOf(pin.reading.value).kind !== 'branch';
  if (isWhole || (!pin.reading && !shape.fields)) {
    return (
      <Single base={base} label={pin.reading ? sampleOf(pin.reading.value).sample : shape.type} onInsert={onInsert} />
    );
  }
  return <ValueTree label={label} base={base} value={pin.reading} shape={shape} onInsert={onInsert} />;
}

function Single({ base, label, onInsert }: { base: string; label: string; onInsert: (path: string) => void }) {
  return (
    <button
      type="button"
      className={classes.single}
      draggable
      title={texts.insert}
      onMouseDown={(event) => event.preventDefault()}
      onDragStart={(event) => drag(event, base)}
      onClick={() => onInsert(base)}
    >
      {label}
    </button>
  );
}

const OF_RUN: Shape = {
  type: types.object,
  fields: [
    { key: 'id', shape: { type: types.text }, isOptional: false },
    { key: 'started_at', shape: { type: types.text }, isOptional: false },
    { key: 'retry_of', shape: { type: types.textOrNull }, isOptional: false },
  ],
};

/** What is there in every execution, and the names of secrets. Closed at first: nothing is asked for before it is opened. */
function Others({ onInsert }: { onInsert: (path: string) => void }) {
  const { may } = useMay('view_secrets');
  const [open, setOpen] = useState<readonly string[]>([]);
  const hasSecrets = open.includes('secrets');
  const secrets = useQuery({ ...secretsQuery(), enabled: may && hasSecrets });
  const names: Shape = {
    type: types.object,
    fields: (secrets.data ?? []).map(({ name }) => ({ key: name, shape: { type: '••••' }, isOptional: false })),
  };
  const parts = [
    { id: 'execution', title: texts.run, shape: OF_RUN },
    ...(may ? [{ id: 'secrets', title: texts.secrets, shape: names }] : []),
  ];
  return parts.map(({ id, title, shape }) => (
    <section key={id} className={classes.source} aria-label={title}>
      <div className={classes.sourceHead}>
        <button
          type="button"
          className={classes.fold}
          aria-expanded={open.includes(id)}
          onClick={() => setOpen(open.includes(id) ? open.filter((one) => one !== id) : [...open, id])}
        >
          <IconChevronRight size={13} aria-hidden className={classes.chevron} />
          <span className={classes.sourceTitle}>{title}</span>
        </button>
      </div>
      {open.includes(id) && (
        <div className={classes.sourceBody}>
          {shape.fields?.length === 0 && !secrets.isPending && <p className={classes.detail}>{texts.noSecrets}</p>}
          <ValueTree label={title} base={id} value={null} shape={shape} onInsert={onInsert} />
        </div>
      )}
    </section>
  ));
}
