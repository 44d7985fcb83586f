/** Returns the marks of an axis of counts: two to four round numbers from zero to at least `most`. */
export function ticksUpTo(most: number): number[] {
  const step = stepFor(Math.max(1, most));
  return Array.from({ length: Math.ceil(Math.max(1, most) / step) + 1 }, (_, at) => at * step);
}

/** Returns the smallest of 1, 2, 5, 10, 20, 50 … for which three steps are enough. */
function stepFor(most: number): number {
  for (let power = 1; ; power *= 10) {
    const step = [1, 2, 5].find((digit) => digit * power * 3 >= most);
    if (step) return step * power;
  }
}
