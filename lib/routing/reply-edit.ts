import { wholeText, type KnownReply, type LateText } from './late-text.ts';

/** What the graph changes in the head of a reply. Belongs to the graph. */
export interface ReplyEdit {
  /** Names of fields that are taken out, in lower case. */
  readonly drop: readonly string[];
  /** Whole field lines that are put in, each ended by CRLF. */
  readonly lines: string;
  /** Lines behind those, which depend on the reply. */
  readonly late?: readonly LateLine[];
  /** Most bytes of its body that are waited for, where they need that. */
  readonly bodyBytes?: number;
}

/** A field whose value depends on the reply that it is put into. */
export interface LateLine {
  readonly lowerName: string;
  /** The whole line with its CRLF. */
  readonly text: LateText;
}

/** One change after another: of one field the second counts. */
export function bothEdits(first: ReplyEdit, second: ReplyEdit): ReplyEdit {
  const lines = second.drop.length === 0 ? first.lines : keptLines(first.lines, second.drop);
  const both = { drop: [...first.drop, ...second.drop], lines: lines + second.lines };
  if (first.late === undefined && second.late === undefined) return both;
  const kept = (first.late ?? []).filter(({ lowerName }) => !second.drop.includes(lowerName));
  const bodyBytes = Math.max(first.bodyBytes ?? 0, second.bodyBytes ?? 0);
  return { ...both, late: [...kept, ...(second.late ?? [])], ...(bodyBytes > 0 && { bodyBytes }) };
}

/** The lines that an edit puts into a reply. */
export function linesFor({ lines, late }: ReplyEdit, reply: KnownReply): string {
  if (late === undefined) return lines;
  return late.reduce((all, { text }) => all + wholeText(text, reply), lines);
}

/** Whole field lines without those of some names, which are in lower case. */
export function keptLines(lines: string, drop: readonly string[]): string {
  const kept = lines.split('\r\n').filter((line) => !drop.includes(line.slice(0, line.indexOf(':')).toLowerCase()));
  return kept.join('\r\n');
}
