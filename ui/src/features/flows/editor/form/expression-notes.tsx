import { useDebouncedValue } from '@mantine/hooks';
import { IconEqual, IconEyeOff, IconQuestionMark } from '@tabler/icons-react';
import { useContext, useEffect, useMemo, useState } from 'react';
import { Prose } from '@/components/prose';
import { Warnings } from '@/components/warnings';
import { writeJson } from '@/lib/json';
import { visible } from '@/lib/json-text';
import { type Evaluated, ExpressionContext } from './expression-context';
import classes from './form.module.css';
import { texts } from './texts';

const PAUSE_MS = 350;
const SHOWN_MAX = 300;

interface ExpressionNotesProps {
  text: string;
  isBare: boolean;
}

/** Below a field: what its expression comes to with pinned values, and which fields that it reads may be missing. */
export function ExpressionNotes({ text, isBare }: ExpressionNotesProps) {
  const expressions = useContext(ExpressionContext);
  const hasExpression = isBare ? text.trim() !== '' : /(?<!\$)\$\{[^}]/.test(text);
  if (!expressions || !hasExpression) return null;
  return <Notes text={text} isBare={isBare} />;
}

function Notes({ text, isBare }: ExpressionNotesProps) {
  const expressions = useContext(ExpressionContext);
  const [asked] = useDebouncedValue(text, PAUSE_MS);
  const [found, setFound] = useState<{ of: string; result: Evaluated } | null>(null);
  useEffect(() => {
    if (!expressions) return;
    const control = new AbortController();
    expressions.evaluate(asked, isBare, control.signal).then(
      (result) => !control.signal.aborted && setFound({ of: asked, result }),
      // The next change asks again.
      () => undefined,
    );
    return () => control.abort();
  }, [expressions, asked, isBare]);
  const doubts = useMemo(() => expressions?.doubts(asked, isBare) ?? [], [expressions, asked, isBare]);
  const result = found?.result;
  // What is missing is said once.
  const isSaid = result && 'missing' in result && doubts.length > 0;
  return (
    <>
      <output className={classes.note} data-kind={kindOf(result)} data-old={found?.of !== text || undefined}>
        {result && !isSaid && <Said result={result} />}
      </output>
      <Warnings messages={doubts} />
    </>
  );
}

function kindOf(result: Evaluated | undefined): string {
  if (!result) return 'none';
  return 'missing' in result ? 'missing' : 'value';
}

function Said({ result }: { result: Evaluated }) {
  if ('isFaulty' in result) return null;
  if ('isHidden' in result) {
    return (
      <>
        <IconEyeOff size={13} aria-label={texts.preview.value} /> •••• {texts.preview.hidden}
      </>
    );
  }
  if ('missing' in result) {
    return (
      <>
        <IconQuestionMark size={13} aria-label={texts.preview.missing} />
        <span>
          <Prose text={visible(result.missing)} />
        </span>
      </>
    );
  }
  const { value } = result;
  const text = typeof value === 'string' ? value : writeJson(value);
  const shown = text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
  return (
    <>
      <IconEqual size={13} aria-label={texts.preview.value} />
      <code>{value === '' ? texts.preview.empty : visible(shown)}</code>
    </>
  );
}
