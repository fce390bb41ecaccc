import { deserialize, serialize } from 'node:v8';
import type { TableChange } from '../change.ts';

/**
 * Changes as bytes, which are made once for all workers. Most are domains: those travel as names and documents, one after the other, which
 * takes a third of what objects do.
 */
export function encodeDraftPiece(changes: readonly TableChange[]): Buffer {
  const domains: string[] = [];
  const others: TableChange[] = [];
  for (const change of changes) {
    if (change.kind === 'domain' && change.document !== null) domains.push(change.name, change.document);
    else others.push(change);
  }
  return serialize([domains, others] satisfies Piece);
}

export function decodeDraftPiece(bytes: Uint8Array): readonly TableChange[] {
  // Only the primary sends it.
  const [domains, others] = deserialize(bytes) as Piece;
  const changes: TableChange[] = [];
  for (let i = 0; i + 1 < domains.length; i += 2) {
    const [name = '', document = ''] = [domains[i], domains[i + 1]];
    changes.push({ kind: 'domain', name, document });
  }
  for (const change of others) changes.push(change);
  return changes;
}

type Piece = readonly [domains: readonly string[], others: readonly TableChange[]];
