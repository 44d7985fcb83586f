import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, it } from 'vitest';
import { fakeApi } from '@/testing/fake-api';
import { renderScreen } from '@/testing/render';
import { GroupNotes } from './group-notes';
import { aGroup, NO_NOTES } from './samples';
import { isShown } from './states';
import { TriageMenu } from './triage-menu';

const ANN = { id: '01900000-0000-7000-8000-00000000000a', name: 'Ann' };

it('assigns a group, mutes it and resolves it by version', async () => {
  const asked = fakeApi({
    'GET /studio/failures/assignees': () => [ANN],
    'PATCH /studio/flows/*/failures/*': () => NO_NOTES,
  });
  const person = userEvent.setup();
  await renderScreen(<TriageMenu group={aGroup()} />);
  const choose = async (name: string) => {
    await person.click(await screen.findByRole('button', { name: /Manage/ }));
    await person.click(await screen.findByRole('menuitem', { name }));
  };

  await choose('Ann');
  await choose('Until it fails in a new version');
  await choose('In the current version');

  const sent = asked.filter(({ method }) => method === 'PATCH');
  expect(sent.map(({ body }) => body)).toEqual([{ assigned_to: ANN.id }, { muted: {} }, { resolved: 'in_current' }]);
  expect(sent[0]?.path).toBe(`/studio/flows/${aGroup().flow_id}/failures/a1b2`);
});

it('says what is noted, and shows the open ones unless others are asked for', async () => {
  const resolved = { ...NO_NOTES, state: 'resolved' as const, after_version: 3, assigned_to: ANN };
  await renderScreen(<GroupNotes notes={resolved} />);

  expect(await screen.findByText(/Reopens if it happens after version 3/)).toBeTruthy();
  expect(screen.getByText('Ann')).toBeTruthy();
  const group = aGroup({ notes: resolved });
  expect([isShown(group, {}, ANN.id), isShown(group, { state: 'resolved', mine: true }, ANN.id)]).toEqual([
    false,
    true,
  ]);
  expect(isShown(aGroup(), { mine: true }, ANN.id)).toBe(false);
});
