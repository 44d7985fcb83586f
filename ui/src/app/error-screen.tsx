import { Button, Code } from '@mantine/core';
import { IconBug } from '@tabler/icons-react';
import type { ErrorComponentProps } from '@tanstack/react-router';
import { toProblem } from '@/api/problem';
import { EmptyState } from '@/components/empty-state';
import { texts } from '@/lib/texts';

/** Shown instead of a page that failed to render; the shell around it keeps working. */
export function ErrorScreen({ error, reset }: ErrorComponentProps) {
  return (
    <EmptyState icon={IconBug} title={texts.crash.title} detail={texts.crash.detail}>
      <Code block>{toProblem(error).detail}</Code>
      <Button onClick={reset}>{texts.crash.again}</Button>
    </EmptyState>
  );
}
