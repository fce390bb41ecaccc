import { definePeer } from '../peer.ts';
import { nodeProgram } from './node-program.ts';

/** No proxy, and not among the peers: the bytes of ELB's connections, passed on unread. What is below it, Node itself takes. */
export const nodeRelay = definePeer({
  name: 'node-relay',
  source: 'this project',
  abilities: [],
  routing: 'none',
  version: () => process.versions.node,
  prepare: (scene) => nodeProgram('node-relay', scene),
});
