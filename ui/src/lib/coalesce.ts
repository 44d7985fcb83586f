/** Limits how often a function runs, without losing the last call. */
export interface Coalesced {
  (): void;
  cancel: () => void;
}

/** The first call runs at once; further calls within `ms` milliseconds run once, together, when these have passed. */
export function coalesce(work: () => void, ms: number): Coalesced {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asked = false;
  const run = () => {
    asked = false;
    timer = setTimeout(() => {
      timer = undefined;
      if (asked) run();
    }, ms);
    work();
  };
  const ask = () => {
    if (timer === undefined) run();
    else asked = true;
  };
  return Object.assign(ask, {
    cancel: () => {
      clearTimeout(timer);
      timer = undefined;
      asked = false;
    },
  });
}
