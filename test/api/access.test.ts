import { expect } from 'chai';
import { Access } from '../../api/access.ts';

describe('admin access', () => {
  const loopback = ['127.0.0.0/8', '::1'];

  const table: readonly (readonly [
    title: string,
    options: { allow: string[]; token: string | null },
    peer: string,
    authorization: string | undefined,
    status: number,
  ])[] = [
    ['loopback', { allow: loopback, token: null }, '127.0.0.1', undefined, 0],
    ['all of loopback', { allow: loopback, token: null }, '127.8.8.8', undefined, 0],
    ['loopback of IPv6', { allow: loopback, token: null }, '::1', undefined, 0],
    ['loopback in the dress of IPv6', { allow: loopback, token: null }, '::ffff:127.0.0.1', undefined, 0],
    ['a Unix socket is local', { allow: loopback, token: null }, 'unix', undefined, 0],
    ['another machine', { allow: loopback, token: null }, '10.0.0.1', undefined, 403],
    ['no peer', { allow: loopback, token: null }, '', undefined, 403],
    ['two peers', { allow: loopback, token: null }, '127.0.0.1, 127.0.0.1', undefined, 403],
    ['a listed network', { allow: ['10.0.0.0/8'], token: null }, '10.0.0.1', undefined, 0],
    ['loopback outside the list', { allow: ['10.0.0.0/8'], token: null }, '127.0.0.1', undefined, 403],
    ['a Unix socket outside the list', { allow: ['10.0.0.0/8'], token: null }, 'unix', undefined, 403],
    ['no token', { allow: loopback, token: 's3' }, '127.0.0.1', undefined, 401],
    ['bearer', { allow: loopback, token: 's3' }, '127.0.0.1', 'Bearer s3', 0],
    ['bearer in small letters', { allow: loopback, token: 's3' }, '127.0.0.1', 'bearer s3', 0],
    ['a wrong bearer', { allow: loopback, token: 's3' }, '127.0.0.1', 'Bearer s4', 401],
    ['a longer bearer', { allow: loopback, token: 's3' }, '127.0.0.1', 'Bearer s33', 401],
    ['the beginning of it', { allow: loopback, token: 's3' }, '127.0.0.1', 'Bearer s', 401],
    ['an empty bearer', { allow: loopback, token: 's3' }, '127.0.0.1', 'Bearer ', 401],
    ['basic with any user', { allow: loopback, token: 's3' }, '127.0.0.1', basic('anyone:s3'), 0],
    ['basic with an empty user', { allow: loopback, token: 's3' }, '127.0.0.1', basic(':s3'), 0],
    ['basic whose password has a colon', { allow: loopback, token: 'a:b' }, '127.0.0.1', basic('u:a:b'), 0],
    ['basic with the token as user', { allow: loopback, token: 's3' }, '127.0.0.1', basic('s3:'), 401],
    ['basic without colon', { allow: loopback, token: 's3' }, '127.0.0.1', basic('s3'), 401],
    ['basic beyond ASCII', { allow: loopback, token: 'schlüssel' }, '127.0.0.1', basic('u:schlüssel'), 0],
    ['another scheme', { allow: loopback, token: 's3' }, '127.0.0.1', 'Digest s3', 401],
    ['the token alone', { allow: loopback, token: 's3' }, '127.0.0.1', 's3', 401],
    ['a token does not open other networks', { allow: loopback, token: 's3' }, '10.0.0.1', 'Bearer s3', 403],
  ];
  for (const [title, options, peer, authorization, status] of table) {
    it(`${title}: ${String(status)}`, () => {
      const { allow, token } = options;
      const tokens = token === null ? [] : [{ name: 'token', token }];
      expect(new Access({ probes: [], allow, tokens }).check(peer, authorization).refusal).to.equal(status);
    });
  }
});

function basic(pair: string): string {
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}
