/** What can be done by name: in the palette, and wherever one of many is chosen by typing. All functions are pure. */
import type { ComponentType } from 'react';

export interface Command {
  id: string;
  label: string;
  /** The title that it stands under. */
  group: string;
  detail?: string | undefined;
  icon: ComponentType<{ size?: number | string; stroke?: number; 'aria-hidden'?: boolean }>;
  /** The shortcut that does the same: `mod+S`. */
  keys?: string;
  /** Other words that find it. */
  words?: string;
  /** Why it cannot be done; `null` where it can. */
  reason?: string | null;
  /** Shown only when something is searched, as one of many. */
  isSearched?: boolean;
  /** Fits whatever is searched: the server found it, or it is about the text itself. */
  isFound?: boolean;
  run: () => void;
}

/** Returns the commands that fit a text, best first; all but the searched ones where there is none. */
export function fitting(commands: readonly Command[], text: string, most = 60): Command[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return commands.filter(({ isSearched }) => !isSearched).slice(0, most);
  const ranked = commands.flatMap((command) => {
    const rank = rankOf(command, words);
    return rank === null ? [] : [{ command, rank }];
  });
  return ranked
    .toSorted((one, other) => one.rank - other.rank)
    .slice(0, most)
    .map(({ command }) => command);
}

/** Returns how well a command fits, 0 best; `null` where a word is nowhere in it. */
function rankOf({ label, detail, group, words: others, isFound }: Command, words: readonly string[]): number | null {
  const name = label.toLowerCase();
  if (name.startsWith(words.join(' '))) return 0;
  const starts = name.split(/[\s_\-./:]+/);
  if (words.every((word) => starts.some((start) => start.startsWith(word)))) return 1;
  if (words.every((word) => name.includes(word))) return 2;
  const rest = [name, detail, group, others].join(' ').toLowerCase();
  return isFound || words.every((word) => rest.includes(word)) ? 3 : null;
}

export interface CommandGroup {
  title: string;
  commands: readonly Command[];
}

/** Groups commands by their titles, in the order in which these first occur. */
export function grouped(commands: readonly Command[]): CommandGroup[] {
  const groups = new Map<string, Command[]>();
  for (const command of commands) groups.set(command.group, [...(groups.get(command.group) ?? []), command]);
  return [...groups].map(([title, of]) => ({ title, commands: of }));
}
