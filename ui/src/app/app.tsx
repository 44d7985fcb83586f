import { MantineProvider } from '@mantine/core';
import { ModalsProvider } from '@mantine/modals';
import { Notifications } from '@mantine/notifications';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { createQueryClient } from '@/api/query-client';
import { onReachable } from '@/lib/connection';
import { styleNonce } from '@/lib/csp';
import { router } from './router';
import { SignInGate } from './sign-in-gate';
import { cssVariables, theme } from './theme';

const queries = createQueryClient();

// When the server is back, everything on the page is fetched again.
onReachable((reachable) => {
  if (reachable) void queries.invalidateQueries();
});

export function App() {
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      defaultColorScheme="auto"
      getStyleNonce={() => styleNonce}
    >
      <QueryClientProvider client={queries}>
        <ModalsProvider>
          <Notifications position="bottom-right" />
          <SignInGate>
            <RouterProvider router={router} context={{ queries }} />
          </SignInGate>
        </ModalsProvider>
      </QueryClientProvider>
    </MantineProvider>
  );
}
