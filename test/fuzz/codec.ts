import { decodeReply, decodeRequest, type Outcome } from '../http/decode.ts';
import { cut, replyBytes, requestBytes } from './grammar.ts';
import { same, type FuzzTarget } from './target.ts';

/** The codec alone: however the bytes are cut it reads the same, without a throw and without an end. */
export const codecTargets: readonly FuzzTarget[] = [
  codecTarget('request', requestBytes, (pieces) => decodeRequest(pieces)),
  codecTarget('reply', replyBytes, (pieces) => decodeReply(pieces, 'GET')),
  codecTarget('reply-to-head', replyBytes, (pieces) => decodeReply(pieces, 'HEAD')),
];

function codecTarget(
  name: string,
  make: typeof requestBytes,
  read: (pieces: readonly Buffer[]) => Outcome,
): FuzzTarget {
  return {
    name,
    run(random) {
      const bytes = make(random);
      same(read(cut(random, bytes)), read([bytes]), 'cut in pieces', bytes);
    },
    stop: () => Promise.resolve(),
  };
}
