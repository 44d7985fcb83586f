import { Page } from '@/components/page';

export function ExecutionPage() {
  return <Page title="Execution">{null}</Page>;
}
