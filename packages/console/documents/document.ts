// A document as the page handles it: its own members apart from those that the server keeps (3.2.2), and the columns that a list of documents shows.

export interface Doc {
  readonly id: string;
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly [member: string]: unknown;
}

const KEPT: ReadonlySet<string> = new Set(['id', 'version', 'createdAt', 'updatedAt']);
const MOST_COLUMNS = 5;

/** What is the document's own. */
export const ownOf = (document: Doc): Record<string, unknown> => Object.fromEntries(Object.entries(document).filter(([name]) => !KEPT.has(name)));

export const pretty = (value: unknown): string => JSON.stringify(value, null, 2);

const namesIn = (schema: unknown): string[] => {
  const properties = typeof schema === 'object' && schema !== null ? (schema as { properties?: unknown }).properties : undefined;
  return typeof properties === 'object' && properties !== null ? Object.keys(properties) : [];
};

/** The members that a list shows: those of the schema first, then what the documents have. */
export const columnsOf = (schema: unknown, documents: readonly Doc[]): readonly string[] => {
  const names = new Set(namesIn(schema));
  for (const document of documents.slice(0, 50)) for (const name of Object.keys(document)) if (!KEPT.has(name)) names.add(name);
  return [...names].slice(0, MOST_COLUMNS);
};

/** Fields to filter and sort by. */
export const fieldsOf = (schema: unknown, documents: readonly Doc[]): readonly string[] => [
  ...new Set([...namesIn(schema), ...documents.slice(0, 50).flatMap((document) => Object.keys(document)), 'id', 'createdAt', 'updatedAt', 'version']),
];

export const OPERATORS = [
  ['eq', 'is'],
  ['ne', 'is not'],
  ['lt', 'less than'],
  ['lte', 'at most'],
  ['gt', 'more than'],
  ['gte', 'at least'],
  ['in', 'one of'],
] as const;
export type Operator = (typeof OPERATORS)[number][0];

export interface Condition {
  readonly field: string;
  readonly operator: Operator;
  readonly value: string;
}

/** The query of a list (3.2.4). */
export const listQuery = (conditions: readonly Condition[], sort: string, limit: number, after?: string): string => {
  const query = new URLSearchParams();
  for (const { field, operator, value } of conditions) query.append(operator === 'eq' ? `filter[${field}]` : `filter[${field}][${operator}]`, value);
  if (sort !== '') query.set('sort', sort);
  query.set('limit', String(limit));
  if (after !== undefined) query.set('after', after);
  return query.toString();
};
