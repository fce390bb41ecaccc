import { fieldsOf } from './backend-fields.ts';

/** Fields of a reply that a node gives, as whole lines. What cannot be sent safely is told to `problem`, below `at`. */
export function fieldLines(
  fields: Readonly<Record<string, unknown>>,
  at: string,
  problem: (at: string, msg: string) => void,
): string {
  const list = fieldsOf(fields, { problem: (below, msg) => problem(at + below, msg) });
  let lines = '';
  for (let i = 0; i + 1 < list.length; i += 2) lines += `${list[i]}: ${list[i + 1]}\r\n`;
  return lines;
}
