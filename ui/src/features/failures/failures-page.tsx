import { Page } from '@/components/page';

export function FailuresPage() {
  return <Page title="Failures">{null}</Page>;
}
