// Documents as clients see them: the stored body and, before it, the members that the server keeps (3.2.2).
import { readJson } from '@godwit/protocol';
import type { StateName, StoredDocument } from '../ports/storage.ts';
import { wireTime } from './time.ts';

/** A document's own members. */
export type Body = Record<string, unknown>;

const KEPT = ['id', 'version', 'createdAt', 'updatedAt'] as const;

/** The document as JSON text. */
export const documentText = (document: StoredDocument): string => {
  const kept = `{"id":"${document.id}","version":${document.version},"createdAt":"${wireTime(document.createdAt)}","updatedAt":"${wireTime(document.updatedAt)}"`;
  return document.body === '{}' ? `${kept}}` : `${kept},${document.body.slice(1)}`;
};

/** The document as a value. */
export const documentValue = (document: StoredDocument): Body => readJson(documentText(document)) as Body;

/** The entity tag of one state of one id, never the same for two, re-creation included (3.2.3). */
export const entityTag = ({ version, tag }: StateName): string => `"${version}-${tag}"`;

/** What was sent, without the members that the server keeps: a document that was read can be sent back (3.2.2). */
export const withoutKept = (data: Body): Body => {
  if (!KEPT.some((member) => Object.hasOwn(data, member))) return data;
  const { id: _id, version: _version, createdAt: _createdAt, updatedAt: _updatedAt, ...own } = data;
  return own;
};

/** A JSON merge patch applied to a value (RFC 7396); neither is changed. */
export const mergePatch = (target: unknown, patch: unknown): unknown => {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result: Body = typeof target === 'object' && target !== null && !Array.isArray(target) ? { ...target } : {};
  for (const [member, value] of Object.entries(patch)) {
    if (value === null) delete result[member];
    else result[member] = mergePatch(result[member], value);
  }
  return result;
};
