import { Page } from '@/components/page';

export function AgentsPage() {
  return <Page title="Agents">{null}</Page>;
}
