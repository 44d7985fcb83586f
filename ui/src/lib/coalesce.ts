/** A function that runs at most once per interval however often it is asked, and never misses the last ask. */
export interface Coalesced {
  (): void;
  cancel: () => void;
}

/** The first ask runs at once; further ones within `ms` milliseconds are served together at its end. */
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
