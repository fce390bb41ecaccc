/** Something wrong in a document, at a JSON pointer (RFC 6901) below the document's root. */
export interface Problem {
  readonly at: string;
  readonly msg: string;
}

/** One step of a JSON pointer (RFC 6901 3). */
export function pointerStep(name: string): string {
  if (!name.includes('~') && !name.includes('/')) return `/${name}`;
  return `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
