/** The commands of what is on the page: a component offers them for as long as it is there, and the palette lists them. */
import { useEffect, useRef } from 'react';
import type { Command } from './command';

type Offer = () => readonly Command[];

const offers = new Set<Offer>();

/** Offers commands in the palette. They are read when it opens, so they may be new ones in each rendering. */
export function useCommands(commands: readonly Command[] | Offer): void {
  const latest = useRef(commands);
  useEffect(() => {
    latest.current = commands;
  });
  useEffect(() => {
    const offer = () => (typeof latest.current === 'function' ? latest.current() : latest.current);
    offers.add(offer);
    return () => {
      offers.delete(offer);
    };
  }, []);
}

/** Returns the commands of the page, those of the whole before those of its parts, which are there first. */
export function pageCommands(): Command[] {
  return [...offers].reverse().flatMap((offer) => offer());
}
