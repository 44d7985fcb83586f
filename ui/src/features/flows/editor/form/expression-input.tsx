import { Combobox, Textarea, useCombobox } from '@mantine/core';
import { type KeyboardEvent, type ReactNode, useRef, useState } from 'react';
import { complete, type Name } from './complete';
import classes from './form.module.css';

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

/** A text with expressions, and completion of the names in scope. */
export function ExpressionInput(props: ExpressionInputProps) {
  const { label, ariaLabel, value, onChange, names, isBare = false, error, ...rest } = props;
  const input = useRef<HTMLTextAreaElement>(null);
  const [caret, setCaret] = useState(0);
  const combobox = useCombobox({ onDropdownClose: () => combobox.resetSelectedOption() });
  const found = complete(value, caret, names, isBare);

  const moved = (element: HTMLTextAreaElement, open: boolean) => {
    setCaret(element.selectionStart);
    if (open) combobox.openDropdown();
  };
  const choose = (name: string) => {
    if (!found) return;
    onChange(value.slice(0, found.from) + name + value.slice(caret));
    const end = found.from + name.length;
    setCaret(end);
    combobox.closeDropdown();
    requestAnimationFrame(() => input.current?.setSelectionRange(end, end));
  };
  const press = (event: KeyboardEvent) => {
    if (event.key === ' ' && event.ctrlKey) combobox.openDropdown();
    // Enter inserts the highlighted name; without one it starts a new line.
    if (event.key === 'Enter' && combobox.dropdownOpened && combobox.getSelectedOptionIndex() >= 0)
      event.preventDefault();
  };

  return (
    <Combobox store={combobox} onOptionSubmit={choose} withinPortal position="bottom-start" shadow="md">
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
          value={value}
          onChange={(event) => {
            onChange(event.currentTarget.value);
            moved(event.currentTarget, true);
          }}
          onSelect={(event) => moved(event.currentTarget, false)}
          onFocus={() => isBare && value === '' && combobox.openDropdown()}
          onBlur={() => combobox.closeDropdown()}
          onKeyDown={press}
        />
      </Combobox.Target>
      <Combobox.Dropdown hidden={!found}>
        <Combobox.Options mah={220} style={{ overflowY: 'auto' }}>
          {found?.choices.map(({ name, detail }) => (
            <Combobox.Option key={name} value={name}>
              <span className={classes.option}>
                <code>{name}</code>
                <span>{detail}</span>
              </span>
            </Combobox.Option>
          ))}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
}
