// Where an operation says how long it may wait for a message (6.3.1), as its row tells: in its query or in its data. A document or a message that has a member of that name says
// nothing of the kind.
import { isObject, type JsonSchema, type Operation } from '@godwit/protocol';

const waits = (shape: JsonSchema | undefined): boolean => isObject(shape?.['properties']) && Object.hasOwn(shape['properties'], 'wait');

const asked = (shape: JsonSchema | undefined, values: unknown): unknown => (waits(shape) && isObject(values) ? values['wait'] : undefined);

/** What is asked for, in milliseconds; 0 where nothing is. */
export const waitOf = ({ query, data }: Operation, given: { readonly query: unknown; readonly data: unknown }): number => {
  const seconds = asked(query, given.query) ?? asked(data, given.data);
  return typeof seconds === 'number' ? seconds * 1000 : 0;
};

/** Whether the data asks for it, whatever it says there. */
export const asksToWait = ({ data }: Operation, given: unknown): boolean => asked(data, given) !== undefined;
