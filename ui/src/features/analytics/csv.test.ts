import { expect, test } from 'vitest';
import { csvOf } from './csv';

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
