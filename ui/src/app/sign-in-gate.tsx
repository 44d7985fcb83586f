import { useQuery } from '@tanstack/react-query';
import { lazyRouteComponent } from '@tanstack/react-router';
import { type ReactNode, Suspense } from 'react';
import { type SignInWays, signInWaysQuery } from '@/api/account';
import { useRefused } from '@/lib/session';

// Who is signed in does not need it.
const SignInDialog = lazyRouteComponent(() => import('./sign-in'), 'SignInDialog');

/** Asks who somebody is where the server wants to know. What is open stays behind it, with everything that is filled in. */
export function SignInGate({ children }: { children: ReactNode }) {
  const refused = useRefused();
  // It opens when it is known what it asks for, so that the first field has the focus.
  const ways = useQuery({ ...signInWaysQuery(), enabled: refused });
  const isOpen = refused && !ways.isPending;
  return (
    <>
      {children}
      <Suspense>{isOpen && <SignInDialog ways={ways.data ?? PASSWORDS} />}</Suspense>
    </>
  );
}

/** Where the server does not say how people sign in, a password is tried. */
const PASSWORDS: SignInWays = { passwords: true, providers: [], passkeys: false };
