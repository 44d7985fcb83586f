import { IconSearch } from '@tabler/icons-react';
import { type KeyboardEvent, useEffect, useId, useLayoutEffect, useRef, useState } from 'react';
import { texts } from '@/lib/texts';
import { type Command, grouped } from './command';
import classes from './commands.module.css';
import { Keys } from './keys';

interface CommandSearchProps {
  /** Those that fit what is typed, best first. */
  commands: readonly Command[];
  query: string;
  onQuery: (query: string) => void;
  /** What can be searched. */
  label: string;
  /** Shown where nothing fits. */
  nothing: string;
  onRun: (command: Command) => void;
}

/** A field to type in, and the commands that fit. The focus stays in the field; arrow keys choose, and Enter runs. */
export function CommandSearch({ commands, query, onQuery, label, nothing, onRun }: CommandSearchProps) {
  const id = useId();
  const [at, setAt] = useState(0);
  const groups = grouped(commands);
  const shown = groups.flatMap((group) => group.commands);
  const chosen = shown[Math.min(at, shown.length - 1)];
  const list = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLInputElement>(null);
  // At once: a dialog would do it in a moment, in which quick typing goes elsewhere.
  useLayoutEffect(() => field.current?.focus(), []);
  const chosenId = chosen && `${id}-${chosen.id}`;
  useEffect(() => {
    if (chosenId) document.getElementById(chosenId)?.scrollIntoView({ block: 'nearest' });
  }, [chosenId]);

  const run = (command: Command) => {
    if (!command.reason) onRun(command);
  };
  const press = (event: KeyboardEvent) => {
    // While text is being composed, these keys belong to the input method.
    if (event.nativeEvent.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) setAt((Math.min(at, shown.length - 1) + step + shown.length) % Math.max(shown.length, 1));
    else if (event.key === 'Enter' && chosen) run(chosen);
    else return;
    event.preventDefault();
  };
  const type = (text: string) => {
    setAt(0);
    list.current?.scrollTo({ top: 0 });
    onQuery(text);
  };

  return (
    <>
      <div className={classes.field}>
        <IconSearch size={17} stroke={1.7} aria-hidden />
        <input
          ref={field}
          className={classes.input}
          type="text"
          role="combobox"
          aria-expanded
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={chosenId}
          aria-label={label}
          placeholder={label}
          autoComplete="off"
          spellCheck={false}
          maxLength={200}
          data-autofocus
          value={query}
          onChange={(event) => type(event.target.value)}
          onKeyDown={press}
        />
      </div>
      <div className={classes.list} ref={list} id={`${id}-list`} role="listbox" aria-label={label}>
        {groups.map((group) => (
          <div key={group.title} role="group" aria-label={group.title}>
            <div className={classes.title} aria-hidden>
              {group.title}
            </div>
            {group.commands.map((command) => (
              <Option
                key={command.id}
                id={`${id}-${command.id}`}
                command={command}
                isChosen={command === chosen}
                onPoint={() => setAt(shown.indexOf(command))}
                onRun={() => run(command)}
              />
            ))}
          </div>
        ))}
      </div>
      {shown.length === 0 && <p className={classes.nothing}>{nothing}</p>}
      <p className="visually-hidden" role="status">
        {shown.length === 0 ? nothing : texts.palette.results(shown.length)}
      </p>
    </>
  );
}

interface OptionProps {
  id: string;
  command: Command;
  isChosen: boolean;
  onPoint: () => void;
  onRun: () => void;
}

function Option({ id, command, isChosen, onPoint, onRun }: OptionProps) {
  const { label, icon: Icon, keys, reason } = command;
  const detail = reason ?? command.detail;
  return (
    <button
      type="button"
      role="option"
      id={id}
      className={classes.option}
      tabIndex={-1}
      aria-selected={isChosen}
      aria-disabled={reason ? true : undefined}
      // Rows that scroll under a pointer at rest are not pointed at.
      onMouseMove={isChosen ? undefined : onPoint}
      onClick={onRun}
    >
      <Icon size={17} stroke={1.7} aria-hidden />
      <span className={classes.words}>
        <bdi className={classes.label}>{label}</bdi>
        {detail && <span className={classes.detail}>{detail}</span>}
      </span>
      {keys && <Keys of={keys} />}
    </button>
  );
}
