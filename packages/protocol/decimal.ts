// Numbers as the decimals that JSON writes (RFC 8259, section 6), not as the doubles that stand for them: 19.99 is a multiple of 0.01 (3.2.5). Pure.

/** The shortest decimal that means a number: its digits, times ten to a power. */
const decimalOf = (value: number): readonly [digits: bigint, power: number] => {
  const [digits = '', power = '0'] = String(value).split('e');
  const point = digits.indexOf('.');
  const places = point === -1 ? 0 : digits.length - point - 1;
  return [BigInt(digits.replace('.', '')), Number(power) - places];
};

/** Whether a number is a whole multiple of another by their decimals: exact at any size, where dividing doubles is not (3.2.5). False where either is no finite number or the divisor 0. */
export const isMultipleOf = (value: number, divisor: number): boolean => {
  if (!Number.isFinite(value) || !Number.isFinite(divisor) || divisor === 0) return false;
  if (Number.isSafeInteger(value) && Number.isSafeInteger(divisor)) return value % divisor === 0;
  const [digits, power] = decimalOf(value);
  const [divisorDigits, divisorPower] = decimalOf(divisor);
  const least = Math.min(power, divisorPower);
  return (digits * 10n ** BigInt(power - least)) % (divisorDigits * 10n ** BigInt(divisorPower - least)) === 0n;
};
