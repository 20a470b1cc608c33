// Keys and tokens as text (5.1.1): of the characters that every way of showing one can carry, a WebSocket's subprotocol too.

/** The characters of a key or token, in words. */
export const CREDENTIAL_CHARACTERS = 'A-Z a-z 0-9 . _ ~ -';

/** A key or token, as a part of a regular expression. */
export const CREDENTIAL = '[A-Za-z0-9._~-]+';

const WHOLE = new RegExp(`^${CREDENTIAL}$`);

/** Whether `given` can be a key or token; whose it is only the server knows. */
export const isCredential = (given: unknown): given is string => typeof given === 'string' && WHOLE.test(given);

/** How many characters an admin key that is chosen has at least (12.4). */
export const ADMIN_KEY_LENGTH = 16;
