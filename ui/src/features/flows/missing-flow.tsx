import { Button } from '@mantine/core';
import { IconMapQuestion } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { toProblem } from '@/api/problem';
import { EmptyState } from '@/components/empty-state';
import { ProblemCard } from '@/components/problem-card';
import { texts } from './texts';

interface MissingFlowProps {
  error: unknown;
  onRetry: () => void;
}

/** Why a flow cannot be shown: it does not exist, so that a retry is pointless, or an error occurred. */
export function MissingFlow({ error, onRetry }: MissingFlowProps) {
  const { status } = toProblem(error);
  if (status !== 404 && status !== 400) return <ProblemCard problem={error} onRetry={onRetry} />;
  return (
    <EmptyState icon={IconMapQuestion} title={texts.goneTitle} detail={texts.goneDetail}>
      <Button component={Link} to="/flows">
        {texts.toList}
      </Button>
    </EmptyState>
  );
}
