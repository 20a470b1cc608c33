// `godwit batch`: operations in one request (9.2); more than one request takes only where each stands for itself.
import type { BatchResult } from '@godwit/client';
import { type BatchOperation, isObject } from '@godwit/protocol';
import type { Run } from './frame/call.ts';
import { readJsonText, readText } from './frame/input.ts';
import { checkRequestId } from './frame/lines.ts';
import { shown } from './frame/output.ts';
import { UsageError } from './frame/usage.ts';

const MOST = 100;

interface Given {
  readonly operations: readonly BatchOperation[];
  readonly atomic: boolean;
}

/** Operations as an array, as `{mode, operations}`, or a line each. */
export const readOperations = (text: string, where: string): Given => {
  let whole: unknown;
  try {
    whole = JSON.parse(text);
  } catch {
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    if (lines.length < 2) readJsonText(text, where);
    return { operations: lines.map((line, index) => readJsonText(line, `${where}, line ${index + 1},`) as BatchOperation), atomic: false };
  }
  if (Array.isArray(whole)) return { operations: whole as BatchOperation[], atomic: false };
  if (isObject(whole) && Array.isArray(whole['operations'])) return { operations: whole['operations'] as BatchOperation[], atomic: whole['mode'] === 'atomic' };
  if (isObject(whole) && 'method' in whole) return { operations: [whole as unknown as BatchOperation], atomic: false };
  throw new UsageError(`${where} holds no operations: they are [{"method", "path", "data"}].`, 'batch');
};

export const batch: Run<'batch'> = async (call) => {
  const { words, flags, output, signal } = call;
  const requestId = flags['request-id'];
  checkRequestId(requestId);
  const { text, where } = await readText(words.operations, call);
  const given = readOperations(text, where);
  const atomic = flags.atomic || given.atomic;
  if (requestId !== undefined && !atomic && given.operations.length > MOST)
    throw new UsageError(`--request-id names one request, which takes ${MOST} operations.`, 'batch');
  const client = await call.connect();
  const step = atomic ? given.operations.length : MOST;
  let failed = 0;
  for (let from = 0; from < given.operations.length || from === 0; from += Math.max(1, step)) {
    const operations = given.operations.slice(from, from + step);
    const outcome = await client.batch(operations, { mode: atomic ? 'atomic' : 'partial', signal, ...(requestId === undefined ? {} : { requestId }) });
    failed += outcome.failed;
    for (const [index, result] of outcome.results.entries())
      await output.show(result, () => lineOf(operations[index] as BatchOperation, result, output.style.bind(output)));
  }
  if (failed > 0) output.note(`${failed} of ${given.operations.length} operations failed.`);
  return failed === 0 ? 0 : 1;
};

const lineOf = ({ method, path }: BatchOperation, { statusCode, data, error }: BatchResult, style: (style: 'green' | 'red', text: string) => string): string =>
  `${style(error === undefined ? 'green' : 'red', String(statusCode))}  ${method} ${shown(path)}  ${error === undefined ? shown(data) : `${error.code} ${shown(error.message)}`}`;
