/** What an upstream's replies are compressed by and to: counted by those who do it, told with its counters. */
export class Compressed {
  /** Replies that are being compressed. */
  atOnce = 0;
  // What has happened since it was told last.
  replies = 0;
  bytesIn = 0;
  bytesOut = 0;

  take(): CompressedCounts {
    const { replies, bytesIn, bytesOut } = this;
    this.replies = 0;
    this.bytesIn = 0;
    this.bytesOut = 0;
    return { compressed: replies, compressedFrom: bytesIn, compressedTo: bytesOut };
  }
}

export const NONE_COMPRESSED: CompressedCounts = { compressed: 0, compressedFrom: 0, compressedTo: 0 };

export interface CompressedCounts {
  /** Replies that were compressed, and their bytes before and after. */
  readonly compressed: number;
  readonly compressedFrom: number;
  readonly compressedTo: number;
}
