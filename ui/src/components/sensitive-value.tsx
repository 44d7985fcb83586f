import { Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { isMasked, type Revealed, reveal } from '@/api/reveal';
import { useMay } from '@/api/use-may';
import { texts } from '@/lib/texts';
import { JsonView } from './json-view';
import classes from './json-view.module.css';
import { ProblemCard } from './problem-card';
import { ValueView } from './value-view';

interface SensitiveValueProps {
  value: unknown;
  /** Where the value is as it is. */
  revealed: Revealed;
  /** The file name of a download. */
  fileName: string;
}

/** A value of an execution. What is masked in it can be revealed by those who may see it. */
export function SensitiveValue({ value, revealed, fileName }: SensitiveValueProps) {
  if (!isMasked(value)) return <ValueView value={value} fileName={fileName} />;
  return <MaskedValue value={value} revealed={revealed} fileName={fileName} />;
}

function MaskedValue({ value, revealed, fileName }: SensitiveValueProps) {
  const { may, why } = useMay('view_sensitive');
  const whole = useMutation({ mutationFn: () => reveal(revealed) });
  return (
    <div>
      <div className={classes.part}>
        <span>{whole.isSuccess ? texts.sensitive.revealed : texts.sensitive.masked}</span>
        {whole.isSuccess ? (
          <Button size="compact-xs" variant="default" onClick={() => whole.reset()}>
            {texts.sensitive.hide}
          </Button>
        ) : (
          <Button
            size="compact-xs"
            variant="default"
            loading={whole.isPending}
            disabled={!may}
            title={why ?? texts.sensitive.audited}
            onClick={() => whole.mutate()}
          >
            {texts.sensitive.reveal}
          </Button>
        )}
      </div>
      {whole.isSuccess ? (
        <JsonView value={whole.data} fileName={fileName} />
      ) : (
        <ValueView value={value} fileName={fileName} />
      )}
      {whole.error && <ProblemCard problem={whole.error} />}
    </div>
  );
}
