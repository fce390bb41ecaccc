/**
 * An image as bytes. The base is what was known at once; what has changed since then follows in frames.
 *
 *     base        header      one line of JSON: format, prefix, checker, cluster, revision, numbers of entries and substitutes
 *                 entries     each: bytes of key (4), of value (4), of needs (4), revision (8, float), key, value, needs, a line each
 *                 substitutes the same, with the time for the revision
 *                 checksum    SHA-256 of all that
 *     frame, ...  head        bytes up to its checksum (4), revision (8, float), numbers of entries (4) and of substitutes (4)
 *                 entries     as above, of the keys that have changed; without a value: the key is gone
 *                 substitutes as above, all of them; where their number is ABSENT: as before
 *                 checksum    SHA-256 of the checksum before and of the frame up to here
 *
 * A value or needs of ABSENT bytes are none. A frame that is cut short, or does not fit, ends the image: what is before it counts.
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

export const FORMAT = 'elb image 3';
export const ABSENT = 0xffffffff;
/** Bytes of a record beside its key, its value and its needs. */
export const RECORD_BYTES = 20;
/** Bytes of a frame's head. */
export const FRAME_BYTES = 20;
/** At the end of the base, and of every frame. */
export const CHECKSUM_BYTES = 32;
