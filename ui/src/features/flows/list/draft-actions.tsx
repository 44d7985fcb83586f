import { Button, Tooltip } from '@mantine/core';
import { ProblemCard } from '@/components/problem-card';
import classes from './dialogs.module.css';
import { texts } from './texts';
import type { useCreated } from './use-created';

interface DraftActionsProps {
  create: ReturnType<typeof useCreated>;
  /** Why it cannot be created yet; `null` if it can. */
  reason: string | null;
  onClose: () => void;
}

/** The buttons of a form that creates a draft, and why it failed. */
export function DraftActions({ create, reason, onClose }: DraftActionsProps) {
  return (
    <>
      {create.isError && <ProblemCard problem={create.error} />}
      <div className={classes.actions}>
        <Button variant="default" size="sm" onClick={onClose}>
          {texts.create.cancel}
        </Button>
        <Tooltip label={reason} disabled={reason === null}>
          <Button
            type="submit"
            size="sm"
            loading={create.isPending}
            data-disabled={reason !== null || undefined}
            aria-disabled={reason !== null}
          >
            {texts.create.submit}
          </Button>
        </Tooltip>
      </div>
    </>
  );
}
