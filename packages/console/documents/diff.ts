// Two texts side by side, line by line: which lines are in both, which only in one. Pure; by the longest common sequence of lines.

export interface Pair {
  readonly left: string | undefined;
  readonly right: string | undefined;
  /** In both. */
  readonly same: boolean;
}

/** Above it the table of the sequence would be too large: then lines are compared place by place. */
const MOST_CELLS = 4_000_000;

const byPlace = (left: readonly string[], right: readonly string[]): Pair[] =>
  Array.from({ length: Math.max(left.length, right.length) }, (_, index) => ({ left: left[index], right: right[index], same: left[index] === right[index] }));

/** How long the common sequence is from each pair of places on. */
const lengths = (left: readonly string[], right: readonly string[]): Uint32Array => {
  const width = right.length + 1;
  const table = new Uint32Array((left.length + 1) * width);
  for (let i = left.length - 1; i >= 0; i--) {
    for (let j = right.length - 1; j >= 0; j--) {
      table[i * width + j] =
        left[i] === right[j]
          ? (table[(i + 1) * width + j + 1] as number) + 1
          : Math.max(table[(i + 1) * width + j] as number, table[i * width + j + 1] as number);
    }
  }
  return table;
};

/** Lines of one that the other lacks stand beside each other where they stand in the same gap. */
export const sideBySide = (leftText: string, rightText: string): readonly Pair[] => {
  const [left, right] = [leftText.split('\n'), rightText.split('\n')];
  if (left.length * right.length > MOST_CELLS) return byPlace(left, right);
  const table = lengths(left, right);
  const width = right.length + 1;
  const pairs: Pair[] = [];
  let [onlyLeft, onlyRight]: [string[], string[]] = [[], []];
  const flush = (): void => {
    pairs.push(...byPlace(onlyLeft, onlyRight).map((pair) => ({ ...pair, same: false })));
    [onlyLeft, onlyRight] = [[], []];
  };
  let [i, j] = [0, 0];
  while (i < left.length || j < right.length) {
    const [one, other] = [left[i], right[j]];
    if (one !== undefined && one === other) {
      flush();
      pairs.push({ left: one, right: other, same: true });
      i++;
      j++;
    } else if (j >= right.length || (i < left.length && (table[(i + 1) * width + j] as number) >= (table[i * width + j + 1] as number)))
      onlyLeft.push(left[i++] as string);
    else onlyRight.push(right[j++] as string);
  }
  flush();
  return pairs;
};
