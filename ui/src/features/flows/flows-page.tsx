import { Page } from '@/components/page';

export function FlowsPage() {
  return <Page title="Flows">{null}</Page>;
}
