import type { Peer } from '../peer.ts';
import { caddy } from './caddy.ts';
import { elb } from './elb.ts';
import { fastifyHttpProxy } from './fastify-http-proxy.ts';
import { haproxy } from './haproxy.ts';
import { httpProxy } from './http-proxy.ts';
import { httpxy } from './httpxy.ts';
import { nginxLua } from './nginx-lua.ts';
import { nginx } from './nginx.ts';
import { nodeRelay } from './node-relay.ts';
import { nodeUndici } from './node-undici.ts';

/** Everybody in the order of the tables. */
export const peers: readonly Peer[] = [
  nginx,
  elb,
  nginxLua,
  haproxy,
  caddy,
  nodeUndici,
  fastifyHttpProxy,
  httpxy,
  httpProxy,
];

/** What is measured only where it is named. */
export const references: readonly Peer[] = [nodeRelay];
