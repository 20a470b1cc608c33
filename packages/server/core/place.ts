// A result that names the place of a message which is not written yet: a mark in the text until the store has given the place.
// A mark holds a bare NUL, which JSON text never does, so nothing that a client sent can look like one.

const MARK = /\0(\d+)\0/g;

/** Stands for the cursor of the unit's message `index`. */
export const unwrittenPlace = (index: number): string => `\0${index}\0`;

/** Puts the cursors in, now that the unit's first message has its place. */
export const writtenPlaces = (text: string, firstSeq: number, cursor: (place: number) => string): string =>
  text.includes('\0') ? text.replace(MARK, (_mark, index: string) => cursor(firstSeq + Number(index))) : text;
