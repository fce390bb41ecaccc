import type { TableChange } from '../change.ts';
import type { DocumentName } from '../control.ts';

/** What follows from an event, to be done by the owner. */
export interface Effects {
  /** What is now different for the data plane: all at once, or nothing. */
  readonly changes: readonly TableChange[];
  /** Host names that came into use, or went out of it. */
  readonly hosts: readonly string[];
  /** Keys that were rejected just now, and keys that are no longer. */
  readonly rejected: readonly string[];
  readonly accepted: readonly string[];
  /** Keys of documents that began to wait for upstreams, and of those for which that is over. */
  readonly held: readonly string[];
  readonly released: readonly string[];
  /** Keys of documents in force that name upstreams which do not exist, and did not do so before. */
  readonly dangling: readonly string[];
}

/** What one event has touched. */
export class Turn {
  /** By key. */
  readonly documents = new Map<string, { readonly of: DocumentName; readonly name: string }>();
  readonly upstreams = new Set<string>();
  readonly hosts = new Set<string>();
  readonly rejected: string[] = [];
  readonly accepted: string[] = [];
}
