import { readFileSync } from 'node:fs';
import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { LEAST_ROLES, type Permission, useMay } from '@/api/use-may';
import { ACCOUNT } from '@/testing/an-account';
import { fakeApi } from '@/testing/fake-api';
import { renderScreen } from '@/testing/render';
import { ReasonedButton } from './reasoned-button';

function Button({ needs, onClick }: { needs: Permission | null; onClick: () => void }) {
  const { why } = useMay(needs);
  return (
    <ReasonedButton reason={why} onClick={onClick}>
      Go
    </ReasonedButton>
  );
}

test('what the role does not allow is disabled, and says why to who reaches it by keyboard', async () => {
  fakeApi({ 'GET /studio/account': () => ({ ...ACCOUNT, role: 'viewer', permissions: [] }) });
  const onClick = vi.fn();
  const user = userEvent.setup();
  await renderScreen(<Button needs="edit_flows" onClick={onClick} />);

  await vi.waitFor(() => expect(screen.getByRole('button').getAttribute('aria-disabled')).toBe('true'));
  await user.tab();
  await user.keyboard('{Enter}');

  expect(document.activeElement).toBe(screen.getByRole('button'));
  const described = screen.getByRole('button').getAttribute('aria-describedby') ?? '';
  expect(document.getElementById(described)?.textContent).toBe(
    'This needs the role Editor, and yours is Viewer. Ask an admin.',
  );
  expect(onClick).not.toHaveBeenCalled();
});

test('what the role allows works, also until the server has said so', async () => {
  let answer = (_: unknown) => {};
  fakeApi({ 'GET /studio/account': () => new Promise((resolve) => (answer = resolve)) });
  const onClick = vi.fn();
  const user = userEvent.setup();
  await renderScreen(<Button needs="edit_flows" onClick={onClick} />);

  await user.click(screen.getByRole('button'));
  answer({ ...ACCOUNT, permissions: ['edit_flows'] });
  await user.click(screen.getByRole('button'));

  expect(onClick).toHaveBeenCalledTimes(2);
});

test('for what everybody may, nobody is asked who they are', async () => {
  const asked = fakeApi({ 'GET /studio/account': () => ACCOUNT });
  await renderScreen(<Button needs={null} onClick={() => {}} />);

  expect(screen.getByRole('button').getAttribute('aria-disabled')).toBe('false');
  expect(asked).toEqual([]);
});

test('the roles are those of the reference', () => {
  const access = readFileSync('../docs/reference/access.md', 'utf8');
  const rows = [...access.matchAll(/^\| `(\w+)` \| (\w+) \|/gm)].map(([, permission, role]) => [permission, role]);
  const known = Object.fromEntries(rows);

  expect(Object.keys(known).length).toBeGreaterThan(10);
  for (const [permission, role] of Object.entries(LEAST_ROLES))
    expect([permission, known[permission]]).toEqual([permission, role]);
});
