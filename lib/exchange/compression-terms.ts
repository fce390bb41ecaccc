import { chosenCoding } from '../http/accept-encoding.ts';
import type { Head } from '../http/head.ts';
import type { Compressed } from '../upstream/compressed.ts';
import type { Coding, CompressionOptions } from '../upstream/options/compression.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { hasDirective } from './compression.ts';

/** How a reply may be compressed for its client. */
export interface CompressionTerms {
  readonly options: CompressionOptions;
  /** What the client accepts; null: nothing of what is offered. */
  readonly coding: Coding | null;
  /** The client knows replies by weak tags, as those that are compressed here have. */
  readonly knowsWeak: boolean;
  readonly tally: Compressed;
}

/** How replies of an upstream may be compressed for whoever asks; null: not at all. `isBusy`: there is no time for it now. */
export function compressionTerms(
  { options: { compression: options }, compressed: tally }: Upstream,
  head: Head,
  isBusy: boolean,
): CompressionTerms | null {
  if (options === null) return null;
  const isLeft = isBusy || hasDirective(head.get('cache-control'), 'no-transform');
  return {
    options,
    coding: isLeft ? null : chosenCoding(head.get('accept-encoding'), options.codings),
    knowsWeak: head.get('if-none-match')?.includes('W/') === true,
    tally,
  };
}
