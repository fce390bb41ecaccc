import { expect } from 'chai';
import { BrowserGuard } from '../../api/browser-guard.ts';

interface Row {
  readonly what: string;
  readonly method?: string;
  readonly host?: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Null: it is allowed. */
  readonly refused: null | 'origin' | 'site' | 'host';
  readonly hasTokens?: true;
}

/** What a browser sends in any case. */
const BROWSER = { 'user-agent': 'Mozilla/5.0 (X11)', 'accept-language': 'en' };
const FETCH = { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' };

const rows: readonly Row[] = [
  { what: 'curl, at any host', method: 'PUT', host: 'a.test', headers: { 'user-agent': 'curl/8' }, refused: null },
  { what: "the predecessor's client", method: 'PUT', host: 'elb', headers: { 'user-agent': 'python' }, refused: null },
  { what: 'no Host', host: '', headers: {}, refused: null },
  { what: 'our page, PUT', method: 'PUT', headers: { ...BROWSER, origin: 'http://127.0.0.1:8080' }, refused: null },
  { what: 'our page, GET', headers: { ...BROWSER, ...FETCH, 'sec-fetch-site': 'same-origin' }, refused: null },
  { what: 'an address typed in', headers: { ...BROWSER, 'sec-fetch-site': 'none' }, refused: null },
  {
    what: 'a link on another site',
    headers: { ...BROWSER, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    refused: null,
  },
  {
    what: 'a frame on another site',
    headers: { ...BROWSER, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
    refused: 'site',
  },
  {
    what: 'a form on another site',
    method: 'POST',
    headers: { ...BROWSER, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    refused: 'site',
  },
  {
    what: 'an image on another site',
    headers: { ...BROWSER, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
    refused: 'site',
  },
  { what: 'a page of a sister', headers: { ...BROWSER, ...FETCH, 'sec-fetch-site': 'same-site' }, refused: 'site' },
  { what: 'a foreign PUT', method: 'PUT', headers: { ...BROWSER, origin: 'http://evil.test' }, refused: 'origin' },
  { what: 'a foreign POST', method: 'POST', headers: { ...BROWSER, origin: 'https://evil.test' }, refused: 'origin' },
  { what: 'a preflight', method: 'OPTIONS', headers: { ...BROWSER, origin: 'http://evil.test' }, refused: 'origin' },
  { what: 'a sandboxed page', method: 'PUT', headers: { ...BROWSER, origin: 'null' }, refused: 'origin' },
  { what: 'a file', method: 'PUT', headers: { ...BROWSER, origin: 'file://' }, refused: 'origin' },
  { what: 'another port', method: 'PUT', headers: { ...BROWSER, origin: 'http://127.0.0.1:3000' }, refused: 'origin' },
  { what: 'an odd origin', headers: { origin: 'http://x@127.0.0.1:8080' }, refused: 'origin' },
  {
    what: 'a foreign PUT where a token is asked for',
    method: 'PUT',
    headers: { ...BROWSER, origin: 'http://evil.test' },
    refused: 'origin',
    hasTokens: true,
  },
  { what: 'a rebound name, GET', host: 'evil.test:8080', headers: BROWSER, refused: 'host' },
  {
    what: 'a rebound name, PUT',
    method: 'PUT',
    host: 'evil.test:8080',
    headers: { origin: 'http://evil.test:8080' },
    refused: 'host',
  },
  { what: 'a rebound name that hides', host: 'evil.test', headers: { 'accept-language': '*' }, refused: 'host' },
  { what: 'a rebound name, by its referrer', host: 'evil.test', headers: { referer: 'x' }, refused: 'host' },
  { what: 'a rebound name with a token to know', host: 'evil.test', headers: BROWSER, refused: null, hasTokens: true },
  { what: 'a name like an address', host: '127.0.0.1.evil.test', headers: BROWSER, refused: 'host' },
  { what: 'a name like localhost', host: 'localhost.evil.test', headers: BROWSER, refused: 'host' },
  { what: 'no Host from a browser', host: '', headers: BROWSER, refused: 'host' },
  { what: 'an IPv6 address', host: '[::1]:8080', headers: BROWSER, refused: null },
  { what: 'an address without a port', host: '10.0.0.1', headers: BROWSER, refused: null },
  { what: 'localhost', host: 'LocalHost:8080', headers: BROWSER, refused: null },
  { what: 'a name below localhost', host: 'elb.localhost:8080', headers: BROWSER, refused: null },
  { what: 'a name that is allowed', host: 'elb.internal:8080', headers: BROWSER, refused: null },
  { what: 'a name that is allowed, in capitals', host: 'ELB.internal.', headers: BROWSER, refused: null },
  { what: 'a name with its port', host: 'lb.internal:8443', headers: BROWSER, refused: null },
  { what: 'that name with another', host: 'lb.internal:80', headers: BROWSER, refused: 'host' },
  { what: 'below a name that is allowed', host: 'x.elb.internal', headers: BROWSER, refused: 'host' },
];

const WORDS = { origin: /another origin/, site: /another site/, host: /ELB_ADMIN_HOSTS/ };

describe('browser guard', () => {
  for (const { what, method = 'GET', host = '127.0.0.1:8080', headers, refused, hasTokens = false } of rows) {
    it(`${what}: ${refused === null ? 'allowed' : `refused for its ${refused}`}`, () => {
      const guard = new BrowserGuard({ hosts: ['elb.internal', 'LB.internal:8443'], hasTokens });
      const refusal = guard.refusal(method, host === '' ? headers : { ...headers, host });
      if (refused === null) expect(refusal).to.equal(null);
      else expect(refusal).to.match(WORDS[refused]);
    });
  }
});
