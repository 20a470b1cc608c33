// Patterns that were asked for, checked (clause 1, 6.2.3).
import { BOUNDS, type FieldError, invalid, invalidField, isPattern } from '@godwit/protocol';

/** Throws `VALIDATION_FAILED` unless these are 1 to 100 patterns; gives each once, sorted bytewise. */
export const readPatterns = (patterns: readonly string[], field: string): string[] => {
  const errors: FieldError[] = patterns
    .filter((pattern) => !isPattern(pattern))
    .slice(0, 100)
    .map((pattern) => ({ field, message: `has ${JSON.stringify(pattern.slice(0, 64))}, which is not a pattern (** stands last)` }));
  if (errors.length > 0) throw invalid(errors);
  const each = [...new Set(patterns)].sort();
  if (each.length === 0 || each.length > BOUNDS.patternsPerSubscription) throw invalidField(field, `must have 1 to ${BOUNDS.patternsPerSubscription} patterns`);
  return each;
};
