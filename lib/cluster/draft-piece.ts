import type { TableChange } from '../change.ts';

/**
 * Changes as bytes, which are made once for all workers: UTF-8, a NUL behind each text. First comes all but domains as one text of JSON, then the name
 * and the document of each domain: nearly all are domains, and to write those so takes a fifth of what V8's own format does.
 */
export function encodeDraftPiece(changes: readonly TableChange[]): Buffer {
  const texts: string[] = [''];
  const others: TableChange[] = [];
  for (const change of changes) {
    if (isTexts(change)) texts.push(change.name, change.document);
    else others.push(change);
  }
  texts[0] = JSON.stringify(others);
  return Buffer.from(texts.join(NUL) + NUL);
}

export function decodeDraftPiece({ buffer, byteOffset, length }: Uint8Array): readonly TableChange[] {
  const piece = Buffer.from(buffer, byteOffset, length);
  let at = 0;
  const next = (): string => {
    const nul = piece.indexOf(0, at);
    const text = piece.toString('utf8', at, nul);
    at = nul + 1;
    return text;
  };
  // Only the primary sends it.
  const changes = JSON.parse(next()) as TableChange[];
  while (at < length) changes.push({ kind: 'domain', name: next(), document: next() });
  return changes;
}

/** Whether it is nothing but two texts, which UTF-8 can tell and NUL can end. */
function isTexts(change: TableChange): change is TableChange & { readonly kind: 'domain'; readonly document: string } {
  return change.kind === 'domain' && change.document !== null && isText(change.name) && isText(change.document);
}

function isText(text: string): boolean {
  return text.isWellFormed() && !text.includes(NUL);
}

const NUL = '\0';
