import type { Approval } from '@/api/approvals';
import { AskedValues } from '@/components/asked-values';
import { ValueView } from '@/components/value-view';
import { visible } from '@/lib/json-text';
import classes from './inbox.module.css';
import { texts } from './texts';

type Asked = Pick<Approval, 'subject' | 'tool' | 'guardrail' | 'node_name' | 'arguments'>;

/** What a model wants to give a tool, the output that waits, or what a node shows. */
export function ProposedValue({ asked }: { asked: Asked }) {
  const { subject, tool, guardrail, node_name: node, arguments: value } = asked;
  // What a server asks is above its form.
  if (subject === 'input') return null;
  if (subject === 'node') {
    return (
      <div className={classes.value}>
        <AskedValues value={value} fileName={`${node}-input.json`} />
      </div>
    );
  }
  const name = subject === 'tool' ? 'arguments' : 'output';
  return (
    <div className={classes.value}>
      <span className={classes.soft}>
        {guardrail === null ? texts.shown[name] : texts.refusedBy(visible(guardrail))}
      </span>
      <ValueView value={value} fileName={`${tool ?? node}-${name}.json`} />
    </div>
  );
}
