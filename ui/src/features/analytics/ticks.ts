/** Round numbers from zero to at least `most`, two to four of them: the marks of an axis of counts. */
export function ticksUpTo(most: number): number[] {
  const step = stepFor(Math.max(1, most));
  return Array.from({ length: Math.ceil(Math.max(1, most) / step) + 1 }, (_, at) => at * step);
}

/** The smallest of 1, 2, 5, 10, 20, 50 … with which three steps are enough. */
function stepFor(most: number): number {
  for (let power = 1; ; power *= 10) {
    const step = [1, 2, 5].find((digit) => digit * power * 3 >= most);
    if (step) return step * power;
  }
}
