import { Button } from '@mantine/core';
import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams, useRouter } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { finishAtProvider, type ProviderAnswer } from '@/api/account';
import { forgetApiKey } from '@/api/credentials';
import classes from '@/components/narrow-page.module.css';
import { ProblemCard } from '@/components/problem-card';
import { BlockSkeleton } from '@/components/skeletons';
import { reportRefused } from '@/lib/session';
import { texts as common } from '@/lib/texts';
import { texts } from './texts';

/** A query, so that what works once is sent once, however often the page is drawn. */
const finishQuery = (provider: string, search: string) =>
  queryOptions({
    queryKey: ['provider-answer', provider, search],
    queryFn: () => finishAtProvider(provider, answerOf(search)),
    retry: false,
    staleTime: Infinity,
  });

/** The page that a provider sends people back to: it signs them in with what is in its address, and shows where they were. */
export function ProviderPage() {
  const { provider } = useParams({ from: '/alone/sign-in/$provider' });
  // What comes back is in the address only until it is read.
  const [search] = useState(() => window.location.search);
  const finish = useQuery(finishQuery(provider, search));
  const { history } = useRouter();
  const queries = useQueryClient();
  const returnTo = finish.data;
  useEffect(() => {
    if (returnTo === undefined) return;
    forgetApiKey();
    reportRefused(false);
    queries.clear();
    history.replace(returnTo);
  }, [returnTo, history, queries]);
  return (
    <div className={classes.page}>
      <title>{`${texts.title} · ${common.product}`}</title>
      <div className={classes.card}>
        <h1 className={classes.title}>{finish.isError ? texts.failed : texts.wait}</h1>
        {finish.isError ? (
          <>
            <ProblemCard problem={finish.error} />
            <Button component="a" href="/" variant="default">
              {texts.again}
            </Button>
          </>
        ) : (
          <BlockSkeleton height={120} />
        )}
      </div>
    </div>
  );
}

const PARAMETERS = ['code', 'state', 'iss', 'error'] as const;

function answerOf(search: string): ProviderAnswer {
  const given = new URLSearchParams(search);
  const named = PARAMETERS.map((name) => [name, given.get(name)] as const);
  return Object.fromEntries(named.filter(([, value]) => value !== null));
}
