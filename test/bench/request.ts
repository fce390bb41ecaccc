/** The domain that all load is for. */
export const HOST = 'shop.example.com';

/** What a browser sends with a navigation: twelve fields with Host, 650 bytes. */
const BROWSER_FIELDS = [
  ['Host', HOST],
  ['Connection', 'keep-alive'],
  ['sec-ch-ua', '"Chromium";v="140", "Not=A?Brand";v="24", "Google Chrome";v="140"'],
  ['sec-ch-ua-mobile', '?0'],
  ['sec-ch-ua-platform', '"Windows"'],
  ['Upgrade-Insecure-Requests', '1'],
  [
    'User-Agent',
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  ],
  ['Accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8'],
  ['Sec-Fetch-Site', 'same-origin'],
  ['Referer', `http://${HOST}/catalog/shoes`],
  ['Accept-Encoding', 'gzip, deflate, br, zstd'],
  ['Accept-Language', 'en-GB,en;q=0.9,de;q=0.8'],
] as const;

export interface RequestOptions {
  readonly path: string;
  /** Bytes of a body; a request with one is a POST. */
  readonly bodyBytes?: number;
  /** One request per connection. */
  readonly close?: boolean;
}

/** A whole request as it goes over the wire. */
export function requestText({ path, bodyBytes = 0, close = false }: RequestOptions): string {
  const fields = BROWSER_FIELDS.map(([name, value]) =>
    name === 'Connection' && close ? 'Connection: close' : `${name}: ${value}`,
  );
  if (bodyBytes > 0) fields.push('Content-Type: application/x-www-form-urlencoded', `Content-Length: ${bodyBytes}`);
  const method = bodyBytes > 0 ? 'POST' : 'GET';
  return `${method} ${path} HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n${'x'.repeat(bodyBytes)}`;
}
