import { Page } from '@/components/page';

export function FlowPage() {
  return <Page title="Flow">{null}</Page>;
}
