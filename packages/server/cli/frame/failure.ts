// What failed, as one sentence with its code and what to do about it. Refuses to show a stack or a secret.
import { GodwitError } from '@godwit/client';
import { ERRORS, type FieldError } from '@godwit/protocol';
import { EXIT } from './exit.ts';
import { plain } from './output.ts';

/** Something that is no refusal of a server: a file that cannot be read, a measurement that makes no sense. One sentence, made to be printed. */
export class CommandError extends Error {
  readonly code: string;
  readonly remedy: string;
  readonly exit: number;

  constructor(sentence: string, { code = 'FAILED', remedy = '', exit = EXIT.failed }: { code?: string; remedy?: string; exit?: number } = {}) {
    super(sentence);
    this.name = 'CommandError';
    this.code = code;
    this.remedy = remedy;
    this.exit = exit;
  }
}

/** The server cannot be reached. */
export const unreachable = (url: string, why: string): CommandError =>
  new CommandError(`${url} cannot be reached: ${why}`, {
    code: 'UNREACHABLE',
    remedy: 'Start a server with `godwit serve`, or say where it is with --url or GODWIT_URL.',
    exit: EXIT.unreachable,
  });

export interface Failure {
  readonly exit: number;
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
  readonly status?: number;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly requestId?: string;
}

const NO_ANSWER: ReadonlySet<string> = new Set(['NETWORK', 'CLIENT_TIMEOUT']);
const MOST_FIELDS = 5;

const REMEDIES: Readonly<Record<string, string>> = {
  NETWORK: 'The request may or may not have taken effect: repeat it with the same --request-id, or look.',
  CLIENT_TIMEOUT: 'The request may or may not have taken effect: repeat it with the same --request-id, or look.',
  UNAUTHENTICATED: 'Put an API key into GODWIT_KEY, or a token into GODWIT_TOKEN.',
};

const fieldsOf = (errors: readonly FieldError[] | undefined, sentence: string): string => {
  if (errors === undefined || errors.length < 2) return sentence;
  const shown = errors.slice(0, MOST_FIELDS).map(({ field, message }) => `${field} ${message}`);
  return `${shown.join('; ')}${errors.length > MOST_FIELDS ? `; and ${errors.length - MOST_FIELDS} more` : ''}`;
};

/** What failed, whatever was thrown. */
export const failureOf = (error: unknown): Failure => {
  if (error instanceof GodwitError) {
    const { code, status, details, requestId } = error;
    const entry = Object.hasOwn(ERRORS, code) ? ERRORS[code as keyof typeof ERRORS] : undefined;
    return {
      exit: NO_ANSWER.has(code) ? EXIT.unreachable : EXIT.failed,
      code,
      message: fieldsOf(details.errors, error.message),
      remedy: REMEDIES[code] ?? entry?.remedy ?? '',
      ...(status === 0 ? {} : { status }),
      details,
      ...(requestId === '' ? {} : { requestId }),
    };
  }
  if (error instanceof CommandError) return { exit: error.exit, code: error.code, message: error.message, remedy: error.remedy };
  const { code, message, path } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' && path !== undefined) return { exit: EXIT.failed, code, message: `There is no file ${path}`, remedy: '' };
  return { exit: EXIT.failed, code: code ?? 'FAILED', message: message ?? String(error), remedy: '' };
};

/** `message (CODE). remedy`. */
export const sentenceOf = ({ message, code, remedy }: Failure): string => {
  const sentence = `${message.replace(/\.$/, '')} (${code}).`;
  return plain(remedy === '' ? sentence : `${sentence} ${remedy.replaceAll('`', '')}`);
};

/** The same for a program. */
export const failureValue = ({ exit: _, ...rest }: Failure): { readonly error: Omit<Failure, 'exit'> } => ({ error: rest });
