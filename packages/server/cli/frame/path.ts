// Paths below /v1, made of what a person wrote: each part is one segment, whatever is in it.

/** `path('orders', id)`: `/orders/42`. */
export const path = (...segments: readonly string[]): string => segments.map((segment) => `/${encodeURIComponent(segment)}`).join('');

/** The query of a path; members that are undefined are left out. */
export const query = (members: Readonly<Record<string, string | number | undefined>>): string => {
  const given = Object.entries(members).flatMap(([name, value]) => (value === undefined ? [] : [`${encodeURIComponent(name)}=${encodeURIComponent(value)}`]));
  return given.length === 0 ? '' : `?${given.join('&')}`;
};
