// A unit as it crosses to the writer: every member in a fixed order, counts before lists.
import type {
  CollectionChange,
  DocumentChange,
  DocumentExpectation,
  LogCount,
  LogPage,
  NewMessage,
  RecordChange,
  RequestName,
  StateName,
  StoredDocument,
  StoredMessage,
  WriteUnit,
} from '../../ports/storage.ts';
import type { Packer, Unpacker } from './packing.ts';

const NO_REQUEST = 0;
const PUBLISH = 1;
const CHANGE = 2;
/** Not a unit of the core but a tiny write that shows that one could succeed. */
const PROBE = 3;
/** A publish whose bytes lie in shared memory, and whose they are from here on. */
export const PUBLISHED = 4;
export const CLIENT = 5;

/** A unit as the writer holds it. */
export interface UnitToWrite {
  readonly probe: boolean;
  readonly request: RequestName | undefined;
  readonly expectations: readonly DocumentExpectation[];
  readonly documents: readonly DocumentChange[];
  readonly messages: readonly NewMessage[];
  readonly records: readonly RecordChange[];
  readonly collections: readonly CollectionChange[];
}

const NONE: readonly never[] = [];

const packState = (packer: Packer, state: StateName | null): void => {
  packer.number(state === null ? 0 : state.version);
  if (state !== null) packer.text(state.tag);
};

const unpackState = (unpacker: Unpacker): StateName | null => {
  const version = unpacker.number();
  return version === 0 ? null : { version, tag: unpacker.text() };
};

const packMessage = (packer: Packer, message: NewMessage): void => {
  packer.text(message.messageId);
  packer.text(message.topic);
  packer.number(message.timestamp);
  packer.text(message.data);
  packer.number(message.change ? 1 : 0);
};

const unpackMessage = (unpacker: Unpacker): NewMessage => ({
  messageId: unpacker.text(),
  topic: unpacker.text(),
  timestamp: unpacker.number(),
  data: unpacker.text(),
  change: unpacker.number() === 1,
});

/** The tag where it is not that of the creation; as rows hold it too. */
export const changedTag = ({ incarnation, tag }: StoredDocument): string | null => (tag === incarnation ? null : tag);

/** A document as its table has it, but for its place. */
export type DocumentRow = readonly [id: string, version: number, createdAt: number, updatedAt: number, incarnation: string, tag: string | null, body: string];

/** As `unpackDocument` takes it. */
export const packRow = (packer: Packer, [id, version, createdAt, updatedAt, incarnation, tag, body]: DocumentRow): void => {
  packer.text(id);
  packer.number(version);
  packer.number(createdAt);
  packer.number(updatedAt);
  packer.text(incarnation);
  packer.optionalText(tag);
  packer.text(body);
};

const packDocument = (packer: Packer, document: StoredDocument): void => {
  const { id, version, createdAt, updatedAt, incarnation, body } = document;
  packRow(packer, [id, version, createdAt, updatedAt, incarnation, changedTag(document), body]);
};

export const unpackDocument = (unpacker: Unpacker): StoredDocument => {
  const id = unpacker.text();
  const version = unpacker.number();
  const createdAt = unpacker.number();
  const updatedAt = unpacker.number();
  const incarnation = unpacker.text();
  return { id, version, createdAt, updatedAt, incarnation, tag: unpacker.optionalText() ?? incarnation, body: unpacker.text() };
};

const packChange = (packer: Packer, change: DocumentChange): void => {
  packer.text(change.collection);
  packer.text(change.id);
  packState(packer, change.from);
  packer.number(change.to === null ? 0 : 1);
  if (change.to !== null) packDocument(packer, change.to);
};

const unpackChange = (unpacker: Unpacker): DocumentChange => ({
  collection: unpacker.text(),
  id: unpacker.text(),
  from: unpackState(unpacker),
  to: unpacker.number() === 0 ? null : unpackDocument(unpacker),
});

const packRest = (packer: Packer, unit: WriteUnit): void => {
  const { expectations = NONE, documents = NONE, records = NONE, collections = NONE } = unit;
  packer.number(expectations.length);
  for (const expectation of expectations) {
    packer.text(expectation.collection);
    packer.text(expectation.id);
    packState(packer, expectation.state);
  }
  packer.number(documents.length);
  for (const change of documents) packChange(packer, change);
  packer.number(records.length);
  for (const record of records) {
    packer.text(record.kind);
    packer.text(record.id);
    packer.optionalText(record.body);
    packer.number(record.expect === undefined ? 0 : record.expect === 'absent' ? 1 : 2);
  }
  packer.number(collections.length);
  for (const change of collections) packer.text(JSON.stringify(change));
};

const list = <T>(unpacker: Unpacker, one: (unpacker: Unpacker) => T): readonly T[] => {
  const count = unpacker.number();
  if (count === 0) return NONE;
  const items: T[] = [];
  for (let index = 0; index < count; index++) items.push(one(unpacker));
  return items;
};

const unpackExpectation = (unpacker: Unpacker): DocumentExpectation => ({
  collection: unpacker.text(),
  id: unpacker.text(),
  state: unpackState(unpacker),
});

const EXPECT = [undefined, 'absent', 'present'] as const;

const unpackRecord = (unpacker: Unpacker): RecordChange => {
  const kind = unpacker.text();
  const id = unpacker.text();
  const body = unpacker.optionalText();
  const expect = EXPECT[unpacker.number()];
  return expect === undefined ? { kind, id, body } : { kind, id, body, expect };
};

const unpackCollection = (unpacker: Unpacker): CollectionChange => JSON.parse(unpacker.text()) as CollectionChange;

/** Puts one unit behind what was packed before. */
export const packUnit = (packer: Packer, unit: WriteUnit): void => {
  const { request, messages = NONE } = unit;
  if (request === undefined) packer.number(NO_REQUEST);
  else {
    packer.number(request.kind === 'publish' ? PUBLISH : CHANGE);
    packer.text(request.client);
    packer.text(request.requestId);
    if (request.kind === 'publish') {
      // The hot path: one message and nothing else, so no counts either.
      packMessage(packer, messages[0] as NewMessage);
      return;
    }
    packer.text(request.operation);
    packer.text(request.outcome);
  }
  packer.number(messages.length);
  for (const message of messages) packMessage(packer, message);
  packRest(packer, unit);
};

/** Those that follow are this client's. */
export const packClient = (packer: Packer, client: string): void => {
  packer.number(CLIENT);
  packer.name(client);
};

/** A publish whose other bytes lie behind those of the one before it: its id, the requestId, the data. */
export const packPublished = (packer: Packer, requestIdLength: number, topic: string, dataLength: number, timestamp: number): void => {
  packer.number(PUBLISHED);
  packer.number(requestIdLength);
  packer.name(topic);
  packer.number(dataLength);
  packer.number(timestamp);
};

export const packProbe = (packer: Packer): void => packer.number(PROBE);

const publishUnit = (client: string, requestId: string, message: NewMessage): UnitToWrite => ({
  probe: false,
  request: { kind: 'publish', client, requestId },
  messages: [message],
  expectations: NONE,
  documents: NONE,
  records: NONE,
  collections: NONE,
});

/** Takes the next unit, of which the tag was taken. */
export const unpackUnit = (unpacker: Unpacker, tag: number): UnitToWrite => {
  if (tag === PROBE) {
    return { probe: true, request: undefined, expectations: NONE, documents: NONE, messages: NONE, records: NONE, collections: NONE };
  }
  let request: RequestName | undefined;
  if (tag !== NO_REQUEST) {
    const client = unpacker.text();
    const requestId = unpacker.text();
    if (tag === PUBLISH) {
      return publishUnit(client, requestId, unpackMessage(unpacker));
    }
    request = { kind: 'change', client, requestId, operation: unpacker.text(), outcome: unpacker.text() };
  }
  const messages = list(unpacker, unpackMessage);
  const expectations = list(unpacker, unpackExpectation);
  const documents = list(unpacker, unpackChange);
  const records = list(unpacker, unpackRecord);
  const collections = list(unpacker, unpackCollection);
  return { probe: false, request, messages, expectations, documents, records, collections };
};

/** What a log reader counted. */
export const unpackLogCount = (page: Unpacker): LogCount & { readonly rowsRead: number } => ({
  count: page.number(),
  cursor: page.number(),
  first: page.number(),
  rowsRead: page.number(),
});

/** Puts one of the messages of a page behind what was packed before. Within a page topics come again; among units of documents each is another. */
export const packStored = (packer: Packer, { seq, messageId, topic, timestamp, data, change }: StoredMessage): void => {
  packer.number(1);
  packer.number(seq);
  packer.text(messageId);
  packer.name(topic);
  packer.number(timestamp);
  packer.text(data);
  packer.number(change ? 1 : 0);
};

const unpackStored = (page: Unpacker): StoredMessage => ({
  seq: page.number(),
  messageId: page.text(),
  topic: page.name(),
  timestamp: page.number(),
  data: page.text(),
  change: page.number() === 1,
});

/** The page that a log reader packed. */
export const unpackLogPage = (page: Unpacker): LogPage & { readonly rowsRead: number } => {
  const messages: StoredMessage[] = [];
  while (page.number() === 1) messages.push(unpackStored(page));
  return { messages, cursor: page.number(), more: page.number() === 1, first: page.number(), rowsRead: page.number() };
};
