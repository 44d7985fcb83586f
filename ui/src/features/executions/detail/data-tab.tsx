import type { Revealed } from '@/api/reveal';
import type { Execution } from '@/api/types';
import { Panel } from '@/components/panel';
import { SensitiveValue } from '@/components/sensitive-value';
import { isFinished } from '@/components/status';
import { ValueView } from '@/components/value-view';
import classes from './detail.module.css';
import { texts } from './texts';

/** The input and output of the execution. */
export function DataTab({ execution }: { execution: Execution }) {
  const id = execution.id.slice(-8);
  const outputs = outputsOf(execution);
  const noResult = isFinished(execution.status) ? texts.data.noResult.ended : texts.data.noResult.open;
  return (
    <div className={classes.two}>
      <div className={classes.stack}>
        <Value
          title={texts.data.result}
          value={execution.status === 'completed' ? execution.result : null}
          revealed={{ execution: execution.id, of: 'result' }}
          none={noResult}
          fileName={`result-${id}.json`}
        />
        {inputsOf(execution).map((input) => (
          <Value key={input.title} {...input} />
        ))}
      </div>
      <Value
        title={texts.data.outputs}
        value={Object.keys(outputs).length > 0 ? outputs : null}
        none={texts.data.noOutputs}
        fileName={`outputs-${id}.json`}
      />
    </div>
  );
}

/** Returns what the execution was started with: an item, the result of the iteration before, trigger data. */
function inputsOf({ id, item, last, trigger_data }: Execution): ValueProps[] {
  const file = id.slice(-8);
  const revealed: Revealed = { execution: id, of: 'trigger-data' };
  const trigger = { title: texts.data.trigger, value: trigger_data, revealed, none: texts.data.noTrigger };
  const inputs: ValueProps[] = [
    { title: texts.data.item, value: item, none: '', fileName: `item-${file}.json` },
    { title: texts.data.last, value: last, none: '', fileName: `last-${file}.json` },
    { ...trigger, fileName: `trigger-data-${file}.json` },
  ];
  const given = inputs.filter(({ value }) => value !== null && value !== undefined);
  return given.length > 0 ? given : inputs.slice(-1);
}

interface ValueProps {
  title: string;
  value: unknown;
  /** Where it is as it is, if something of it may be masked. */
  revealed?: Revealed;
  none: string;
  fileName: string;
}

function Value({ title, value, revealed, none, fileName }: ValueProps) {
  return (
    <Panel title={title}>
      {value === null || value === undefined ? (
        <p className={classes.none}>{none}</p>
      ) : revealed ? (
        <SensitiveValue value={value} revealed={revealed} fileName={fileName} />
      ) : (
        <ValueView value={value} fileName={fileName} />
      )}
    </Panel>
  );
}

/** Returns the outputs of the nodes, which are live, in the order of the flow. */
function outputsOf(execution: Execution): Record<string, unknown> {
  const done = execution.node_executions.filter((node) => node.output_data !== null && node.output_data !== undefined);
  return Object.fromEntries(done.map((node) => [node.node_id, node.output_data]));
}
