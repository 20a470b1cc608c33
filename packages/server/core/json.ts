// JSON that is already text, so that a stored document or message is never parsed only to be written again.

/** JSON text that stands for itself wherever a value is encoded at its top. */
export class JsonText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** JSON text of a value; `JsonText` as it is. */
export const encode = (value: unknown): string => (value instanceof JsonText ? value.text : (JSON.stringify(value) ?? 'null'));
