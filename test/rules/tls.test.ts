import type { TlsFacts } from '../../lib/core/tls-facts.ts';
import { tls } from '../../rules/tls.ts';
import { matcherSuite } from './matcher.ts';

const facts = (more: Partial<TlsFacts> = {}): TlsFacts => ({
  version: 'TLSv1.3',
  serverName: 'a.test',
  cipher: 'X',
  alpn: 'h2',
  resumed: false,
  asked: true,
  policy: '',
  certificate: null,
  ...more,
});

const certificate = {
  verified: true,
  problem: '',
  subject: 'CN=ann',
  issuer: 'CN=ca',
  serial: '0A',
  fingerprint: 'abcd',
  names: ['DNS:x.a.test', 'URI:spiffe://a/b'],
  notAfter: 0,
  der: '',
};
const shown = facts({ certificate: { ...certificate, verified: false, problem: 'SELF_SIGNED' } });
const verified = facts({ certificate });

matcherSuite(
  tls,
  [
    [{ secure: true }, { tls: facts() }, true],
    [{ secure: true }, {}, false],
    [{ secure: false }, {}, true],
    [{ secure: false }, { tls: facts() }, false],
    [{ version: ['TLSv1.3'] }, { tls: facts() }, true],
    [{ version: ['TLSv1.3'] }, { tls: facts({ version: 'TLSv1.2' }) }, false],
    [{ version: ['TLSv1.3'] }, {}, false],
    [{ server_name: { suffix: '.test' } }, { tls: facts() }, true],
    [{ server_name: { present: false } }, { tls: facts({ serverName: '' }) }, true],
    [{ server_name: { present: false } }, {}, false],
    [{ alpn: { exact: 'h2' } }, { tls: facts() }, true],
    [{ certificate: 'none' }, { tls: facts() }, true],
    [{ certificate: 'none' }, { tls: shown }, false],
    [{ certificate: 'none' }, {}, false],
    [{ certificate: 'shown' }, { tls: shown }, true],
    [{ certificate: 'verified' }, { tls: shown }, false],
    [{ certificate: 'verified' }, { tls: verified }, true],
    [{ subject: { exact: 'CN=ann' } }, { tls: verified }, true],
    [{ subject: { exact: 'CN=ann' } }, { tls: shown }, false],
    [{ issuer: { contains: 'ca' }, serial: { exact: '0A' }, fingerprint: { prefix: 'ab' } }, { tls: verified }, true],
    [{ issuer: { contains: 'ca' }, serial: { exact: '0B' } }, { tls: verified }, false],
    [{ name: { exact: 'x.a.test' } }, { tls: verified }, true],
    [{ name: { exact: 'URI:spiffe://a/b' } }, { tls: verified }, true],
    [{ name: { exact: 'spiffe://a/b' } }, { tls: verified }, true],
    [{ name: { exact: 'y' } }, { tls: verified }, false],
    [{ name: { present: false } }, { tls: shown }, false],
  ],
  [
    [{}, '', /fewer than 1/],
    [{ version: ['SSLv3'] }, '/version/0', /allowed values/],
    [{ subject: {} }, '/subject', /exactly one/],
    [{ certificate: 'good' }, '/certificate', /allowed values/],
  ],
);
