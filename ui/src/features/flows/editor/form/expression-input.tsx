import { Combobox, Textarea, useCombobox } from '@mantine/core';
import { type DragEvent, type KeyboardEvent, type ReactNode, useRef, useState } from 'react';
import { complete } from './complete';
import { ExpressionNotes } from './expression-notes';
import classes from './form.module.css';
import { carriesPath, draggedPath, inserted } from './insertion';
import type { Name } from './name';
import { useInsertTarget } from './use-insert-target';

interface ExpressionInputProps {
  label?: string | undefined;
  ariaLabel?: string | undefined;
  description?: ReactNode;
  error?: ReactNode;
  placeholder?: string | undefined;
  required?: boolean | undefined;
  value: string;
  onChange: (text: string) => void;
  names: readonly Name[];
  /** Whether the whole text is an expression, without `${ }` around it. */
  isBare?: boolean | undefined;
  rightSection?: ReactNode;
}

/** A text with expressions: completes names, takes values that are dragged or inserted, and shows what it comes to. */
export function ExpressionInput(props: ExpressionInputProps) {
  const { label, ariaLabel, value, onChange, names, isBare = false, error, ...rest } = props;
  const input = useRef<HTMLTextAreaElement>(null);
  const [caret, setCaret] = useState(0);
  const [isAimed, setAimed] = useState(false);
  const combobox = useCombobox({ onDropdownClose: () => combobox.resetSelectedOption() });
  const takes = isBare || names.length > 0;
  const found = takes ? complete(value, caret, names, isBare ? 'bare' : 'template') : null;
  const isOpen = combobox.dropdownOpened && found !== null;

  const place = (text: string, at: number) => {
    onChange(text);
    setCaret(at);
    combobox.closeDropdown();
    requestAnimationFrame(() => {
      input.current?.focus();
      input.current?.setSelectionRange(at, at);
    });
  };
  const insert = (path: string, from: number, to = from) => {
    const next = inserted(value, from, to, path, isBare);
    place(next.text, next.caret);
  };
  const target = useInsertTarget((path) => {
    const { selectionStart = value.length, selectionEnd = value.length } = input.current ?? {};
    insert(path, selectionStart, selectionEnd);
  });
  const choose = (name: string) => {
    const choice = found?.choices.find((one) => one.name === name);
    if (!found || !choice) return;
    const text = choice.insert ?? choice.name;
    place(value.slice(0, found.from) + text + value.slice(caret), found.from + text.length - (choice.behind ?? 0));
  };
  const moved = (element: HTMLTextAreaElement, open: boolean) => {
    setCaret(element.selectionStart);
    if (!open) return;
    combobox.openDropdown();
    // The first one is accepted by Enter and Tab.
    requestAnimationFrame(() => combobox.selectFirstOption());
  };
  const press = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === ' ' && event.ctrlKey) {
      event.preventDefault();
      moved(event.currentTarget, true);
    }
    if (!isOpen) return;
    if (event.key === 'Tab' && !event.shiftKey && combobox.getSelectedOptionIndex() >= 0) {
      event.preventDefault();
      combobox.clickSelectedOption();
    }
    if (event.key === 'Enter' && combobox.getSelectedOptionIndex() >= 0) event.preventDefault();
    // It closes the choices, and nothing around the field.
    if (event.key === 'Escape') event.stopPropagation();
  };
  const drop = (event: DragEvent<HTMLTextAreaElement>) => {
    const path = draggedPath(event);
    setAimed(false);
    if (path === null || !takes) return;
    event.preventDefault();
    insert(path, caretAt(event, value.length));
  };

  return (
    <div className={classes.frame}>
      <Combobox
        store={combobox}
        onOptionSubmit={choose}
        withinPortal
        position="bottom-start"
        shadow="md"
        width={OPTIONS_WIDTH}
      >
        <Combobox.Target targetType="input" withExpandedAttribute={found !== null}>
          <Textarea
            {...rest}
            ref={input}
            size="xs"
            autosize
            minRows={1}
            maxRows={8}
            label={label}
            aria-label={ariaLabel}
            error={error}
            spellCheck={false}
            classNames={{ input: classes.expression ?? '' }}
            data-aimed={isAimed || undefined}
            value={value}
            onChange={(event) => {
              onChange(event.currentTarget.value);
              moved(event.currentTarget, true);
            }}
            onSelect={(event) => moved(event.currentTarget, false)}
            onFocus={() => {
              if (takes) target();
              if (isBare && value === '') combobox.openDropdown();
            }}
            onBlur={() => combobox.closeDropdown()}
            onKeyDown={press}
            onDragOver={(event) => {
              if (!takes || !carriesPath(event)) return;
              event.preventDefault();
              setAimed(true);
            }}
            onDragLeave={() => setAimed(false)}
            onDrop={drop}
          />
        </Combobox.Target>
        <Combobox.Dropdown hidden={!found}>
          <Combobox.Options mah={260} style={{ overflowY: 'auto' }}>
            {found?.choices.map(({ name, detail, doc }) => (
              <Combobox.Option key={name} value={name}>
                <span className={classes.option}>
                  <code>{name}</code>
                  <span>{detail}</span>
                </span>
                {doc && <span className={classes.doc}>{doc}</span>}
              </Combobox.Option>
            ))}
          </Combobox.Options>
        </Combobox.Dropdown>
      </Combobox>
      {takes && <ExpressionNotes text={value} isBare={isBare} />}
    </div>
  );
}

/** Wide enough for names and what they are. */
const OPTIONS_WIDTH = 330;

/** Returns the place in a text where something is dropped; its end where the browser does not say. */
function caretAt({ clientX, clientY, currentTarget }: DragEvent<HTMLTextAreaElement>, end: number): number {
  const position = document.caretPositionFromPoint?.(clientX, clientY);
  return position && position.offsetNode === currentTarget ? position.offset : end;
}
