import { Page } from '@/components/page';

export function AnalyticsPage() {
  return <Page title="Analytics">{null}</Page>;
}
