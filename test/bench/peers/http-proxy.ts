import { definePeer } from '../peer.ts';
import { nodeProgram, packageVersion } from './node-program.ts';

/** http-proxy with an agent that keeps connections. */
export const httpProxy = definePeer({
  name: 'http-proxy',
  source: 'npm: http-proxy',
  abilities: ['upgrade'],
  routing: 'none',
  version: () => packageVersion('http-proxy'),
  prepare: (scene) => nodeProgram('http-proxy', scene),
});
