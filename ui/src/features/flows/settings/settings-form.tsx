import { useForm } from '@mantine/form';
import { useState } from 'react';
import { toProblem } from '@/api/problem';
import type { Flow } from '@/api/types';
import { useMay } from '@/api/use-may';
import { ProblemCard } from '@/components/problem-card';
import { AboutFields } from './about-fields';
import { BudgetFields } from './budget-fields';
import { ConflictCard } from './conflict-card';
import { ContextFields } from './context-fields';
import { ControlFields } from './control-fields';
import { placeFaults } from './place-faults';
import { SettingsConflict } from './queries';
import { ReliabilityFields } from './reliability-fields';
import { RetryMeaning } from './retry-meaning';
import { SensitiveFields } from './sensitive-fields';
import { differences, faultsIn, rebase, type SettingKey, type SettingValues, valuesOf } from './setting-values';
import classes from './settings.module.css';
import { SettingsFooter } from './settings-footer';
import { useSaveSettings } from './use-save-settings';

interface SettingsFormProps {
  flow: Flow;
  /** Whether to ask about unsaved changes. */
  isAsking: boolean;
  onDirty: (isDirty: boolean) => void;
  onStay: () => void;
  onCancel: () => void;
  onLeave: () => void;
  onSaved: (flow: Flow) => void;
}

/** All settings, their combined effect, and saving. */
export function SettingsForm({ flow, isAsking, onDirty, onStay, onCancel, onLeave, onSaved }: SettingsFormProps) {
  // The form keeps its initial values, also when the flow is loaded again.
  const [base, setBase] = useState(() => valuesOf(flow));
  const form = useForm({
    initialValues: base,
    onValuesChange: (values) => onDirty(differences(base, values).length > 0),
  });
  const { may } = useMay('edit_flows');
  const save = useSaveSettings(flow.id, onSaved);
  const conflict = save.error instanceof SettingsConflict ? save.error : null;
  const refused = save.error && !conflict ? toProblem(save.error) : null;
  const unplaced = refused && placeFaults(refused.faults, form.values).rest;
  const isOnlyAtFields = refused !== null && refused.faults.length > 0 && unplaced?.length === 0;

  const send = (against = base, mine = form.values) => {
    if (!may || differences(against, mine).length === 0 || save.isPending) return;
    const faults = faultsIn(mine);
    form.setErrors(faults);
    if (Object.keys(faults).length > 0) return;
    save.mutate(
      { base: against, mine },
      { onError: (error) => form.setErrors(placeFaults(toProblem(error).faults, mine).fields) },
    );
  };

  /** Continues from what was saved elsewhere, with the changes made here except `dropped`. */
  const goOnFrom = (theirs: SettingValues, dropped: readonly SettingKey[]) => {
    const mine = rebase(base, form.values, theirs, dropped);
    form.setValues(mine);
    setBase(theirs);
    onDirty(differences(theirs, mine).length > 0);
    return mine;
  };

  return (
    <form
      className={classes.form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' || !(event.metaKey || event.ctrlKey)) return;
        event.preventDefault();
        event.currentTarget.requestSubmit();
      }}
    >
      <div className={classes.columns}>
        <div className={classes.column}>
          <AboutFields form={form} />
          <ContextFields form={form} />
          <SensitiveFields form={form} />
        </div>
        <div className={classes.column}>
          <ReliabilityFields form={form} />
          <ControlFields form={form} />
          <BudgetFields form={form} />
          <RetryMeaning flowId={flow.id} values={form.values} nodes={flow.flow_definition.nodes} />
        </div>
      </div>
      <div className={classes.bottom}>
        {refused && !isOnlyAtFields && (
          <div className={classes.alert}>
            <ProblemCard problem={refused} />
          </div>
        )}
        {conflict && (
          <div className={classes.alert}>
            <ConflictCard
              conflict={conflict}
              mine={form.values}
              onKeep={() => {
                const theirs = valuesOf(conflict.flow);
                send(theirs, goOnFrom(theirs, []));
              }}
              onTake={() => {
                goOnFrom(valuesOf(conflict.flow), conflict.keys);
                save.reset();
              }}
            />
          </div>
        )}
        {(!conflict || isAsking) && (
          <SettingsFooter
            isAsking={isAsking}
            isSaving={save.isPending}
            isDirty={differences(base, form.values).length > 0}
            onStay={onStay}
            onCancel={onCancel}
            onLeave={onLeave}
          />
        )}
      </div>
    </form>
  );
}
