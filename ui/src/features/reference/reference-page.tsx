import { IconArrowLeft } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { Page } from '@/components/page';
import { ProblemCard } from '@/components/problem-card';
import { BlockSkeleton } from '@/components/skeletons';
import { groupsOf, type OpenApi } from './document';
import { OperationList } from './operation-list';
import { OperationView } from './operation-view';
import { Overview } from './overview';
import { documentQuery } from './queries';
import classes from './reference.module.css';
import { texts } from './texts';

const route = getRouteApi('/studio/reference');

/** The API of this server, made of its own description. */
export function ReferencePage() {
  const document = useQuery(documentQuery());
  return (
    <Page title={texts.title} detail={texts.detail}>
      {document.isPending && <BlockSkeleton height={420} />}
      {document.isError && <ProblemCard problem={document.error} onRetry={() => void document.refetch()} />}
      {document.data && <Reference document={document.data} />}
    </Page>
  );
}

function Reference({ document }: { document: OpenApi }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const groups = useMemo(() => groupsOf(document), [document]);
  const shown = groups.flatMap(({ operations }) => operations).find(({ id }) => id === search.operation);
  return (
    <div className={classes.reference} data-shows={search.operation ? 'operation' : 'list'}>
      <OperationList
        groups={groups}
        text={search.q}
        onText={(q) => void navigate({ search: { ...search, q }, replace: true })}
      />
      <div className={classes.main}>
        <Link to="/reference" search={{ q: search.q }} className={classes.back ?? ''}>
          <IconArrowLeft size={15} aria-hidden />
          {texts.all}
        </Link>
        {shown && <OperationView key={shown.id} operation={shown} schemas={document.components.schemas} />}
        {!shown && (search.operation ? <p>{texts.unknown}</p> : <Overview />)}
      </div>
    </div>
  );
}
