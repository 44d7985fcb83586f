import { SegmentedControl } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { CopyButton } from '@/components/copy-button';
import { Panel } from '@/components/panel';
import classes from './reference.module.css';
import { type Call, codeOf, LANGUAGES, type Language } from './request';
import { texts } from './texts';

const STORED_AS = 'steadflow.reference-language';

function storedLanguage(): Language {
  const stored = localStorage.getItem(STORED_AS);
  return LANGUAGES.find((language) => language === stored) ?? 'curl';
}

/** The request as code. The language that was chosen last is kept. */
export function CodeExample({ call, needsKey }: { call: Call; needsKey: boolean }) {
  const [language, setLanguage] = useState(storedLanguage);
  const code = codeOf(language, call, needsKey);
  const choose = (chosen: string) => {
    localStorage.setItem(STORED_AS, chosen);
    setLanguage(chosen as Language);
  };
  return (
    <Panel title={texts.code.title} aside={<CopyButton value={code} label={texts.code.copy} />}>
      <SegmentedControl
        size="xs"
        value={language}
        onChange={choose}
        aria-label={texts.code.label}
        data={LANGUAGES.map((value) => ({ value, label: texts.code.languages[value] }))}
      />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: scrollable areas must be reachable with the keyboard. */}
      <pre className={classes.code} tabIndex={0} aria-label={texts.code.languages[language]} role="region">
        <code>{code}</code>
      </pre>
      {needsKey && (
        <p className={classes.hint}>
          {texts.code.key('STEADFLOW_API_KEY')} <Link to="/keys">{texts.code.toKeys}</Link>
        </p>
      )}
    </Panel>
  );
}
