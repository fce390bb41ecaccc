/**
 * An image as bytes:
 *
 *     header     one line of JSON: format, prefix, checker, cluster, revision, numbers of entries and substitutes
 *     entries    each: bytes of key (4), of value (4), of needs (4), revision (8, float), key, value, needs, a line each
 *     substitutes   the same, with the time for the revision
 *     checksum   SHA-256 of all that
 *
 * A value or needs of ABSENT bytes are none.
 */
export interface ImageHeader extends ImageOwner {
  readonly format: string;
  readonly cluster: string;
  readonly revision: number;
  readonly entries: number;
  readonly substitutes: number;
}

/** Whose image it is. */
export interface ImageOwner {
  /** Begins every key: an image of another instance is none of ours. */
  readonly prefix: string;
  /** What its entries are checked by: another version of it may not accept what this one did. */
  readonly checker: string;
}

export const FORMAT = 'elb image 2';
export const ABSENT = 0xffffffff;
/** Bytes of a record beside its key, its value and its needs. */
export const RECORD_BYTES = 20;
/** At the end of an image. */
export const CHECKSUM_BYTES = 32;
