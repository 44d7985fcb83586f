import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { expect, test } from 'vitest';
import type { Agent, ServerTool } from '@/api/agents';
import { fakeApi } from '@/testing/fake-api';
import { renderScreen } from '@/testing/render';
import { newSkill, type SkillDraft } from './draft';
import { ServerTools } from './server-tools';

const agent = { id: '11111111-1111-4111-8111-111111111111', name: 'Tools', agent_type: 'mcp' } as Agent;

const tool = (name: string, hash: string): ServerTool => ({
  name,
  description: `Does ${name}.`,
  input_schema: { type: 'object' },
  output_schema: null,
  annotations: null,
  hash,
  is_skill: true,
  pinned_hash: null,
  is_changed: false,
});

function Form({ onSkills }: { onSkills: (skills: readonly SkillDraft[]) => void }) {
  const [skills, setSkills] = useState<readonly SkillDraft[]>([{ ...newSkill(0), name: 'look', hash: 'old' }]);
  const change = (changed: readonly SkillDraft[]) => {
    setSkills(changed);
    onSkills(changed);
  };
  return <ServerTools agent={agent} skills={skills} onChange={change} />;
}

test('the tools of a server are accepted as they are now, one by one', async () => {
  fakeApi({
    [`POST /studio/agents/${agent.id}/tools`]: () => ({ tools: [tool('look', 'new'), tool('note', 'n')], missing: [] }),
  });
  let skills: readonly SkillDraft[] = [];
  const user = userEvent.setup();
  await renderScreen(
    <Form
      onSkills={(changed) => {
        skills = changed;
      }}
    />,
  );

  await user.click(screen.getByRole('button', { name: 'List tools' }));
  await user.click(await screen.findByRole('button', { name: 'Accept the change of look' }));
  await user.click(screen.getByRole('button', { name: 'Allow note' }));

  expect(skills.map(({ name, hash, description }) => [name, hash, description])).toEqual([
    ['look', 'new', 'Does look.'],
    ['note', 'n', 'Does note.'],
  ]);
  expect(JSON.parse(skills[1]?.inputSchema ?? '')).toEqual({ type: 'object' });
  expect(screen.getAllByText('Accepted')).toHaveLength(2);
});

test('what a definition hides from people is shown', async () => {
  const hidden = { ...tool('note', 'n'), description: 'Takes a note.\u200b\u{e0073}' };
  fakeApi({ [`POST /studio/agents/${agent.id}/tools`]: () => ({ tools: [hidden], missing: [] }) });
  const user = userEvent.setup();
  await renderScreen(<Form onSkills={() => undefined} />);

  await user.click(screen.getByRole('button', { name: 'List tools' }));

  await screen.findByText('Takes a note.\\u200b\\udb40\\udc73');
});
