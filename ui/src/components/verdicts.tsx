import { IconShieldCheck, IconShieldX } from '@tabler/icons-react';
import type { components } from '@/api/schema';
import { visible } from '@/lib/json-text';
import { own } from '@/lib/own';
import { texts as common } from '@/lib/texts';
import classes from './verdicts.module.css';

const texts = common.verdicts;

type Verdict = components['schemas']['Verdict'];

/** What the judges of guardrails said in a trial. */
export function Verdicts({ verdicts }: { verdicts: readonly Verdict[] }) {
  if (verdicts.length === 0) return null;
  const counts = new Map<string, number>();
  return (
    <ol className={classes.verdicts} aria-label={texts.label}>
      {verdicts.map((verdict) => {
        const name = `${verdict.guardrail} ${verdict.on} ${verdict.tool}`;
        const count = (counts.get(name) ?? 0) + 1;
        counts.set(name, count);
        return <OneVerdict key={`${name} ${count}`} verdict={verdict} />;
      })}
    </ol>
  );
}

function OneVerdict({
  verdict: { guardrail, on, tool, passed, reason, follows, error_message },
}: {
  verdict: Verdict;
}) {
  const Icon = passed ? IconShieldCheck : IconShieldX;
  const said = passed === null ? texts.none : passed ? texts.passed : texts.refused;
  const why = passed === null ? error_message : reason;
  return (
    <li className={classes.verdict} data-tone={passed ? 'success' : passed === null ? 'danger' : 'warning'}>
      <Icon size={16} aria-hidden className={classes.icon} />
      <div>
        <p>
          <strong>{visible(guardrail)}</strong> {texts.about(own(texts.on, on) ?? on, tool && visible(tool))}: {said}
        </p>
        {why && <p className={classes.why}>{visible(why)}</p>}
        {passed === false && <p className={classes.why}>{own(texts.follows, follows)}</p>}
      </div>
    </li>
  );
}
