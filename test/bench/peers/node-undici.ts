import { definePeer } from '../peer.ts';
import { nodeProgram, packageVersion } from './node-program.ts';

/** The least one writes by hand: node:http in front, a pool of undici for each server behind. */
export const nodeUndici = definePeer({
  name: 'node-undici',
  source: 'npm: undici',
  abilities: ['upgrade'],
  routing: 'none',
  version: () => packageVersion('undici'),
  prepare: (scene) => nodeProgram('node-undici', scene),
});
