// A row of numbers as a small line, with words for those who hear the page.

const WIDTH = 120;
const HEIGHT = 24;

/** The line through the numbers, the last at the right. Pure. */
const linePath = (values: readonly number[], most: number, slots: number): string => {
  const top = Math.max(1, most);
  const step = WIDTH / Math.max(1, slots - 1);
  const start = WIDTH - (values.length - 1) * step;
  return values
    .map((value, index) => `${index === 0 ? 'M' : 'L'}${(start + index * step).toFixed(1)} ${(HEIGHT - 2 - (value / top) * (HEIGHT - 4)).toFixed(1)}`)
    .join('');
};

export const Sparkline = ({ values, slots, label }: { readonly values: readonly number[]; readonly slots: number; readonly label: string }) => {
  const most = Math.max(0, ...values);
  return (
    <svg class="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} role="img" aria-label={label}>
      <path class="sparkline-base" d={`M0 ${HEIGHT - 2}H${WIDTH}`} />
      {values.length > 1 && <path class="sparkline-line" d={linePath(values, most, slots)} />}
    </svg>
  );
};
