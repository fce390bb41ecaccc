import { definePeer } from '../peer.ts';
import { nodeProgram, packageVersion } from './node-program.ts';

/** @fastify/http-proxy, which forwards with undici. */
export const fastifyHttpProxy = definePeer({
  name: 'fastify-http-proxy',
  source: 'npm: @fastify/http-proxy',
  abilities: ['upgrade'],
  routing: 'none',
  version: () => packageVersion('@fastify/http-proxy'),
  prepare: (scene) => nodeProgram('fastify-http-proxy', scene),
});
