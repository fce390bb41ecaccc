import { definePeer } from '../peer.ts';
import { nodeProgram, packageVersion } from './node-program.ts';

/** httpxy, the successor of http-proxy, with an agent that keeps connections. */
export const httpxy = definePeer({
  name: 'httpxy',
  source: 'npm: httpxy',
  abilities: ['upgrade'],
  routing: 'none',
  version: () => packageVersion('httpxy'),
  prepare: (scene) => nodeProgram('httpxy', scene),
});
