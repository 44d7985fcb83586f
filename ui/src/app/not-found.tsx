import { Button } from '@mantine/core';
import { IconMapQuestion } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { EmptyState } from '@/components/empty-state';
import { texts } from '@/lib/texts';

export function NotFound() {
  return (
    <>
      <title>{`${texts.notFound.title} · ${texts.product}`}</title>
      <EmptyState icon={IconMapQuestion} title={texts.notFound.title} detail={texts.notFound.detail}>
        <Button component={Link} to="/executions">
          {texts.notFound.back}
        </Button>
      </EmptyState>
    </>
  );
}
