import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { damagedOf, rowsOf } from '@/api/damaged';
import {
  membersQuery as allMembersQuery,
  changeMember,
  deleteMember,
  invite,
  listInvitations,
  type Member,
  makePasswordLink,
  withdrawInvitation,
} from '@/api/members';

export const membersQuery = () => ({ ...allMembersQuery(), select: rowsOf<Member> });

/** The same, of those that cannot be read. */
export const damagedMembersQuery = () => ({ ...allMembersQuery(), select: damagedOf });

export const invitationsQuery = () =>
  queryOptions({ queryKey: ['invitations'], queryFn: ({ signal }) => listInvitations(signal), select: rowsOf });

function useRefresh() {
  const queries = useQueryClient();
  return async () => {
    await Promise.all([
      queries.invalidateQueries({ queryKey: ['members'] }),
      queries.invalidateQueries({ queryKey: ['invitations'] }),
    ]);
  };
}

type Change = Parameters<typeof changeMember>[1] & { id: string };

export function useChangeMember() {
  const refresh = useRefresh();
  return useMutation({ mutationFn: ({ id, ...change }: Change) => changeMember(id, change), onSettled: refresh });
}

export function useDeleteMember() {
  return useMutation({ mutationFn: deleteMember, onSettled: useRefresh() });
}

export function useInvite() {
  return useMutation({ mutationFn: invite, onSuccess: useRefresh() });
}

export function usePasswordLink() {
  return useMutation({ mutationFn: makePasswordLink, onSuccess: useRefresh() });
}

export function useWithdraw() {
  return useMutation({ mutationFn: withdrawInvitation, onSettled: useRefresh() });
}
