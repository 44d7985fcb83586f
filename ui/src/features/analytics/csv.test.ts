import { expect, test } from 'vitest';
import type { CostAnalytics, TimeAnalytics } from '@/api/reports';
import { costsCsv, csvOf } from './csv';

test('rows of different kinds share columns, and cells are quoted where they must be', () => {
  const csv = csvOf([
    { by: 'total', executions: 3, success_rate: null },
    { by: 'flow', flow_id: 'f1', flow_name: 'Nightly, "EU"', executions: 2, success_rate: 0.5 },
  ]);

  expect(csv).toBe('by,flow_id,flow_name,executions,success_rate\r\ntotal,,,3,\r\nflow,f1,"Nightly, ""EU""",2,0.5\r\n');
});

test('a name that a spreadsheet would run is a text', () => {
  expect(csvOf([{ flow_name: '=HYPERLINK("http://evil.example")', executions: -1 }])).toBe(
    'flow_name,executions\r\n"\'=HYPERLINK(""http://evil.example"")",-1\r\n',
  );
});

test('costs have the times of calls, where they are known', () => {
  const nothing = { totals: [], flows: [], versions: [], agents: [], models: [], days: [] } as unknown as CostAnalytics;
  const times = { calls: 2, p50_ms: 5, p95_ms: 7, p99_ms: null };
  const known = { totals: times, models: [{ model: 'm', ...times }], agents: [] } as unknown as TimeAnalytics;

  expect(costsCsv(nothing, known)).toBe(
    'by,model,calls,p50_ms,p95_ms,p99_ms\r\ntimes,,2,5,7,\r\ntimes of model,m,2,5,7,\r\n',
  );
  expect(costsCsv(nothing, undefined)).toBe('\r\n');
});
