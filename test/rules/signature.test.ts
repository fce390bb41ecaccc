import aws4 from 'aws4';
import { expect } from 'chai';
import { signature } from '../../rules/signature.ts';
import { compileNode, decideLater, problemsOf, ruleContract } from '../rules/contract.ts';

const KEYS = { AKIDEXAMPLE: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const CREDENTIALS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: KEYS.AKIDEXAMPLE };

interface Signed {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly fields: Record<string, string>;
  readonly body: string;
}

/** A request as AWS's tools sign it, by another implementation. */
function signed(given: {
  method?: string;
  path?: string;
  body?: string;
  service?: string;
  inQuery?: boolean;
  headers?: Record<string, string>;
}): Signed {
  const { method = 'GET', path = '/', body = '', service = 'service', inQuery = false, headers = {} } = given;
  const request = aws4.sign(
    { host: 'a.test', method, path, body, service, region: 'us-east-1', signQuery: inQuery, headers: { ...headers } },
    CREDENTIALS,
  );
  const fields: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers ?? {})) fields[name.toLowerCase()] = String(value);
  const [at = '/', query] = (request.path ?? '/').split('?', 2);
  return { method, path: at, query: query === undefined ? '' : `?${query}`, fields, body };
}

describe('rule signature', () => {
  ruleContract(
    signature,
    [
      { access_keys: KEYS },
      { access_keys: KEYS, form: 'megaease', exclude_body: true, ttl: '0s', fields: { 'X-Key': 'key' } },
      { access_keys: { hub: 's' }, form: 'body', header: 'X-Hub-Signature-256', prefix: 'sha256=' },
    ],
    { isAsync: true },
  );

  const node = (args: object = {}) => compileNode(signature, { access_keys: KEYS, ...args });
  const edge = async (request: Signed, args: object = {}): Promise<string | null> =>
    (await decideLater(node(args), request)).edge;

  const good: readonly (readonly [what: string, request: Parameters<typeof signed>[0], args?: object])[] = [
    ['a GET', {}],
    ['a query in disorder, with what has to be escaped', { path: '/a/b?z=1&a=%20x&a=%2B&b' }],
    ['a path with escapes, for other services than S3', { path: '/a%20b/%C3%A9' }],
    ['a path with escapes, for S3', { path: '/a%20b/%C3%A9', service: 's3' }, { path_escapes: 'once' }],
    ['a POST with its body', { method: 'POST', body: '{"a": 1}', headers: { 'Content-Type': 'application/json' } }],
    ['a field with many blanks', { headers: { 'X-A': '  a   b  ' } }],
    ['a signed URL', { path: '/a?b=c&X-Amz-Expires=600', inQuery: true }],
    [
      'a signed URL of S3, whose body is not signed',
      { path: '/a', service: 's3', inQuery: true },
      { exclude_body: true },
    ],
  ];
  for (const [what, request, args] of good) {
    it(`lets in ${what}`, async () => {
      expect(await edge(signed(request), args)).to.equal('next');
    });
  }

  for (const [service, path_escapes] of [
    ['s3', 'once'],
    ['service', 'twice'],
  ] as const)
    it(`takes the signature of one path for no other, escaped ${path_escapes}`, async () => {
      for (const path of ['/a%20b', '/a%2520b', '/a%252520b']) {
        const request = signed({ path, service });
        for (const other of ['/a%20b', '/a%2520b', '/a%252520b'])
          expect(await edge({ ...request, path: other }, { path_escapes }), `${path} as ${other}`).to.equal(
            other === path ? 'next' : null,
          );
      }
    });

  it('says whose key it was', async () => {
    const { plan } = await decideLater(node({ fields: { 'X-Account': 'key' } }), signed({}));
    expect(plan.setFields).to.deep.equal(['X-Account', 'AKIDEXAMPLE']);
    expect(plan.claims).to.deep.equal({ sub: 'AKIDEXAMPLE' });
  });

  const post = () => signed({ method: 'POST', path: '/a?b=c', body: 'body', headers: { 'X-A': '1' } });
  const tampered: readonly (readonly [what: string, tamper: (request: Signed) => Signed])[] = [
    ['another body', (request) => ({ ...request, body: 'Body' })],
    ['no body', (request) => ({ ...request, body: '' })],
    ['another method', (request) => ({ ...request, method: 'PUT' })],
    ['another path', (request) => ({ ...request, path: '/b' })],
    ['another query', (request) => ({ ...request, query: '?b=d' })],
    ['one more parameter', (request) => ({ ...request, query: '?b=c&b=c' })],
    ['another host', (request) => withField(request, 'host', 'b.test')],
    [
      'another date',
      (request) =>
        withField(request, 'x-amz-date', (date) => date.replace(/.Z$/, (end) => (end === '0Z' ? '1Z' : '0Z'))),
    ],
    ['a field that is signed changed', (request) => withField(request, 'x-a', '2')],
    [
      'a key that is not known',
      (request) => withField(request, 'authorization', (said) => said.replace('AKIDEXAMPLE', 'AKID')),
    ],
    [
      'another scope',
      (request) => withField(request, 'authorization', (said) => said.replace('us-east-1', 'us-east-2')),
    ],
    ['fewer fields signed', (request) => withField(request, 'authorization', (said) => said.replace('host;', ''))],
    [
      'no field signed',
      (request) => withField(request, 'authorization', (said) => said.replace(/SignedHeaders=[^,]+/, 'SignedHeaders=')),
    ],
    ['a signature of another length', (request) => withField(request, 'authorization', (said) => said.slice(0, -1))],
    ['another scheme', (request) => withField(request, 'authorization', (said) => said.replace('AWS4', 'AWS5'))],
    [
      'a part said twice',
      (request) => withField(request, 'authorization', (said) => `${said}, Signature=${'0'.repeat(64)}`),
    ],
    ['nothing', (request) => ({ ...request, fields: { host: 'a.test' } })],
  ];
  for (const [what, tamper] of tampered) {
    it(`answers 403 to ${what}`, async () => {
      expect(await edge(post())).to.equal('next');
      const { edge: gone, plan } = await decideLater(node(), tamper(post()));
      expect([gone, plan.answer?.status]).to.deep.equal([null, 403]);
    });
  }

  it('bounds the age of a signature, and of a signed URL by its own time', async () => {
    const old = { 'X-Amz-Date': new Date(Date.now() - 3_600_000).toISOString().replace(/[-:]|\.\d+/g, '') };
    expect(await edge(signed({ headers: old }))).to.equal(null);
    expect(await edge(signed({ headers: old }), { ttl: '2h' })).to.equal('next');
    expect(await edge(signed({ headers: old }), { ttl: '0s' })).to.equal('next');
    const url = (expires: string) =>
      signed({ path: `/a?X-Amz-Expires=${expires}&X-Amz-Date=${old['X-Amz-Date']}`, inQuery: true });
    expect(await edge(url('7200'))).to.equal('next');
    expect(await edge(url('1800'))).to.equal(null);
    expect(await edge(url('604801'))).to.equal(null);
  });

  it('takes other words, as those of the form megaease', async () => {
    const words = {
      algorithm: 'AWS4-HMAC-SHA256',
      scope_suffix: 'aws4_request',
      key_prefix: 'AWS4',
      date: 'X-Amz-Date',
      content_sha256: 'X-Amz-Content-Sha256',
    };
    expect(await edge(signed({}), { form: 'megaease', words })).to.equal('next');
    expect(await edge(signed({}), { form: 'megaease' })).to.equal(null);
  });

  it('answers 413 to a body that is too large to be looked at', async () => {
    const { plan } = await decideLater(node({ max_body: 3 }), post());
    expect(plan.fault).to.not.equal(0);
  });

  describe('of a body alone', () => {
    // https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    const args = {
      form: 'body',
      access_keys: { old: 'x', hub: "It's a Secret to Everybody" },
      header: 'X-Hub-Signature-256',
      prefix: 'sha256=',
    };
    const digest = '757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
    const hook = (body: string, said: string | null): Signed => ({
      method: 'POST',
      path: '/',
      query: '',
      fields: said === null ? {} : { 'x-hub-signature-256': said },
      body,
    });
    const cases: readonly (readonly [what: string, request: Signed, edge: string | null])[] = [
      ['the documented example', hook('Hello, World!', `sha256=${digest}`), 'next'],
      ['another body', hook('Hello, World', `sha256=${digest}`), null],
      ['no prefix', hook('Hello, World!', digest), null],
      ['a short signature', hook('Hello, World!', `sha256=${digest.slice(2)}`), null],
      ['what is not hexadecimal', hook('Hello, World!', `sha256=${'z'.repeat(64)}`), null],
      ['no field', hook('Hello, World!', null), null],
    ];
    for (const [what, request, to] of cases)
      it(`${to === null ? 'refuses' : 'lets in'} ${what}`, async () => expect(await edge(request, args)).to.equal(to));
  });

  const bad: readonly (readonly [args: Record<string, unknown>, at: string])[] = [
    [{}, ''],
    [{ access_keys: {} }, '/access_keys'],
    [{ access_keys: KEYS, ttl: 'x' }, '/ttl'],
    [{ access_keys: KEYS, words: { signer: 'x' } }, '/words/signer'],
    [{ access_keys: KEYS, header: 'X' }, '/header'],
    [{ access_keys: KEYS, form: 'body' }, '/header'],
    [{ access_keys: KEYS, form: 'body', header: 'X', ttl: '1m' }, '/ttl'],
    [{ access_keys: KEYS, fields: { 'X-Key': 'sub' } }, '/fields/X-Key'],
    [{ access_keys: KEYS, fields: { Connection: 'key' } }, '/fields/Connection'],
  ];
  for (const [args, at] of bad)
    it(`refuses ${JSON.stringify(args)}`, () => {
      expect(problemsOf(signature, args).map((problem) => problem.at)).to.deep.equal([at]);
    });
});

function withField(request: Signed, name: string, to: string | ((value: string) => string)): Signed {
  const value = typeof to === 'string' ? to : to(request.fields[name] ?? '');
  return { ...request, fields: { ...request.fields, [name]: value } };
}
