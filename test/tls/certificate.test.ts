import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { certificateFacts, checkCertificate, type CertificateDocument } from '../../lib/tls/certificate.ts';
import { CertificateTable } from '../../lib/tls/certificate-table.ts';
import { TestCa } from '../fixtures/test-ca.ts';

describe('certificate', () => {
  const ca = new TestCa();
  const other = new TestCa('another CA');
  const good = ca.issue({ names: ['DNS:a.test', 'DNS:*.a.test', 'IP:192.0.2.1'] });
  const another = ca.issue({ names: ['DNS:b.test'] });
  const past = ca.issue({ names: ['DNS:a.test'], from: '20200101000000Z', until: '20200201000000Z' });
  const future = ca.issue({ names: ['DNS:a.test'], from: '20400101000000Z', until: '20400201000000Z' });
  const nameless = ca.issue({ subject: '/CN=not a name' });

  ca.openssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:512',
    '-nodes',
    '-subj',
    '/CN=a.test',
    '-keyout',
    ca.path('short.key'),
    '-out',
    ca.path('short.pem'),
  );
  const short = {
    certificate: readFileSync(ca.path('short.pem'), 'utf8'),
    key: readFileSync(ca.path('short.key'), 'utf8'),
  };

  after(() => {
    ca.remove();
    other.remove();
  });

  const problemsOf = (document: CertificateDocument): readonly string[] =>
    checkCertificate(document, Date.now()).problems.map(({ at, msg }) => `${at} ${msg}`);

  it('is good with its key and those it is signed by, and says what it is for', () => {
    const document = { ...good, certificate: good.certificate + ca.certificate };
    expect(problemsOf(document)).to.deep.equal([]);
    const facts = certificateFacts(document);
    expect(facts.names).to.deep.equal(['a.test', '*.a.test', '192.0.2.1']);
    expect(facts).to.include({ keyType: 'ec', issuer: 'CN=test CA' });
  });

  for (const [what, document, problem] of [
    ['another key', { ...good, key: another.key }, /^\/key is not the key of the certificate$/],
    ['no key', { ...good, key: 'x' }, /^\/key cannot be read: /],
    ['no certificate', { ...good, certificate: 'x' }, /^\/certificate holds no certificate$/],
    [
      'a broken certificate',
      { ...good, certificate: good.certificate.replace(/\n.{20}/, '\n') },
      /^\/certificate number 1 cannot be read: /,
    ],
    [
      'one behind it that has not signed it',
      { ...good, certificate: good.certificate + other.certificate },
      /^\/certificate number 1 is not signed by number 2$/,
    ],
    ['a time that is over', past, /^\/certificate number 1 is out of date since 2020-02-01T00:00:00\.000Z$/],
    ['a time to come', future, /^\/certificate number 1 is good only from 2040-01-01T00:00:00\.000Z$/],
    ['a key that is too short', short, /^\/certificate cannot be used: .*key too small/],
    ['no name', nameless, /^\/certificate is for no name$/],
  ] as const) {
    it(`is refused with ${what}`, () => {
      const problems = problemsOf(document);
      expect(problems).to.have.length(1);
      expect(problems[0]).to.match(problem);
    });
  }

  describe('table', () => {
    it('finds the exact name, then the wildcard above, and of each kind of key the one that is good for longest', () => {
      const table = new CertificateTable();
      const found = (host: string): readonly string[] => table.find(host, Date.now()).map(({ name }) => name);
      table.set('good', good);
      table.set('soon', ca.issue({ names: ['DNS:a.test'], from: '20250101000000Z', until: soon() }));
      table.set('rsa', ca.issue({ names: ['DNS:a.test'], keyType: 'rsa' }));
      expect(found('a.test')).to.deep.equal(['good', 'rsa']);
      expect(found('x.a.test')).to.deep.equal(['good']);
      expect(found('y.x.a.test')).to.deep.equal([]);
      table.set('good', null);
      expect(found('a.test')).to.deep.equal(['rsa', 'soon']);
      expect(found('x.a.test')).to.deep.equal([]);
    });
  });
});

/** In a week, as openssl has it. */
function soon(): string {
  return `${new Date(Date.now() + 7 * 86_400_000).toISOString().replaceAll(/[-:T]|\.\d+/g, '')}`;
}
