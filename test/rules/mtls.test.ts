import { expect } from 'chai';
import { attributesOf } from '../../lib/auth/distinguished-name.ts';
import type { ClientCertificate } from '../../lib/core/tls-facts.ts';
import { mtls } from '../../rules/mtls.ts';
import type { RequestParts } from '../routing/test-request.ts';
import { compileNode, decide, problemsOf, ruleContract } from './contract.ts';

const CERTIFICATE: ClientCertificate = {
  verified: true,
  problem: '',
  subject: 'CN=billing,OU=ops,O=Example\\, Inc.',
  issuer: 'CN=Ops CA,O=Example',
  serial: '01ab',
  fingerprint: 'ab'.repeat(32),
  names: ['DNS:billing.test', 'URI:spiffe://example.com/billing'],
  notAfter: 0,
  der: 'MIIB',
};

function shown(certificate: Partial<ClientCertificate> | null, fields: Record<string, string> = {}): RequestParts {
  const tls = {
    version: 'TLSv1.3',
    serverName: 'a.test',
    cipher: '',
    alpn: '',
    resumed: false,
    policy: '',
    asked: true,
  };
  return { fields, tls: { ...tls, certificate: certificate === null ? null : { ...CERTIFICATE, ...certificate } } };
}

describe('rule mtls', () => {
  ruleContract(mtls, [
    {},
    { subjects: ['CN=a'], fingerprints: ['ab'.repeat(32)], fields: { 'X-Client': 'subject.CN' }, denied: 'x' },
  ]);

  const cases: readonly (readonly [what: string, args: object, request: RequestParts, edge: string | null])[] = [
    ['a verified certificate', {}, shown({}), 'next'],
    ['one that is not verified', {}, shown({ verified: false, problem: 'CERT_HAS_EXPIRED' }), null],
    ['none', {}, shown(null), null],
    ['a connection in clear', {}, {}, null],
    [
      'a connection in clear with fields that say otherwise',
      {},
      { fields: { 'x-client-cert': 'MIIB', 'x-client': 'x' } },
      null,
    ],
    ['a subject of the list', { subjects: ['CN=x', CERTIFICATE.subject] }, shown({}), 'next'],
    ['another subject', { subjects: ['CN=billing'] }, shown({}), null],
    ['an issuer of the list', { issuers: [CERTIFICATE.issuer] }, shown({}), 'next'],
    ['another issuer', { issuers: ['CN=Ops CA'] }, shown({}), null],
    ['a name of the list', { names: ['URI:spiffe://example.com/billing'] }, shown({}), 'next'],
    ['a name of another kind', { names: ['DNS:spiffe://example.com/billing'] }, shown({}), null],
    ['a fingerprint in another form', { fingerprints: [Array(32).fill('AB').join(':')] }, shown({}), 'next'],
    ['another fingerprint', { fingerprints: ['ac'.repeat(32)] }, shown({}), null],
    ['one list of two', { names: ['DNS:billing.test'], issuers: ['CN=x'] }, shown({}), null],
  ];
  for (const [what, args, request, edge] of cases) {
    it(`${edge === null ? 'answers 403 to' : 'lets in'} ${what}`, () => {
      const decision = decide(compileNode(mtls, { ...args }), request);
      expect([decision.edge, decision.plan.answer?.status]).to.deep.equal([edge, edge === null ? 403 : undefined]);
    });
  }

  it('tells the server parts of the certificate, whatever the client says', () => {
    const fields = {
      'X-CN': 'subject.CN',
      'X-O': 'subject.o',
      'X-Issuer': 'issuer',
      'X-Names': 'names',
      'X-Cert': 'certificate',
      'X-L': 'subject.L',
    };
    const { plan } = decide(compileNode(mtls, { fields }), shown({}, { 'x-l': 'forged' }));
    expect(plan.setFields).to.deep.equal([
      'X-CN',
      'billing',
      'X-O',
      'Example, Inc.',
      'X-Issuer',
      'CN=Ops CA,O=Example',
      'X-Names',
      'DNS:billing.test,URI:spiffe://example.com/billing',
      'X-Cert',
      'MIIB',
    ]);
    expect(plan.guardedFields).to.include('x-l');
  });

  it('lets nobody in whose name cannot be said in a field', () => {
    const { edge, plan } = decide(
      compileNode(mtls, { fields: { 'X-CN': 'subject.CN' } }),
      shown({ subject: 'CN=a\\0d\\0aX-Admin: 1' }),
    );
    expect([edge, plan.answer?.status, plan.setFields]).to.deep.equal([null, 403, []]);
  });

  it('goes to denied and forbidden where the document has them', () => {
    const node = compileNode(mtls, { subjects: ['CN=x'], denied: 'a', forbidden: 'b' });
    expect(decide(node, shown(null)).edge).to.equal('denied');
    expect(decide(node, shown({})).edge).to.equal('forbidden');
  });

  const names: readonly (readonly [name: string, attribute: string, values: readonly string[]])[] = [
    ['CN=a,O=b', 'cn', ['a']],
    ['CN=a+UID=7,O=b', 'UID', ['7']],
    ['OU=x,OU=y', 'OU', ['x', 'y']],
    ['CN=a\\,CN=b', 'CN', ['a,CN=b']],
    ['CN=\\C3\\A9', 'CN', ['é']],
    ['', 'CN', []],
    ['CN', 'CN', []],
    ['CN=\\', 'CN', ['\\']],
  ];
  for (const [name, attribute, values] of names)
    it(`finds ${attribute} in ${JSON.stringify(name)}`, () =>
      expect(attributesOf(name, attribute)).to.deep.equal(values));

  const bad: readonly (readonly [args: Record<string, unknown>, at: string])[] = [
    [{ subjects: [] }, '/subjects'],
    [{ fingerprints: ['abc'] }, '/fingerprints/0'],
    [{ fields: { 'X-A': 'email' } }, '/fields/X-A'],
  ];
  for (const [args, at] of bad)
    it(`refuses ${JSON.stringify(args)}`, () => {
      expect(problemsOf(mtls, args).map((problem) => problem.at)).to.deep.equal([at]);
    });
});
