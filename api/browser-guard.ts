import type { IncomingHttpHeaders } from 'node:http';

export interface BrowserGuardOptions {
  /** Names under which browsers may call where no token is asked for; with a port or without. */
  readonly hosts: readonly string[];
  /** Whether every caller has to know a token. */
  readonly hasTokens: boolean;
}

/**
 * Decides whether a call that a browser makes comes from a page of ours. A browser on a machine that may call is steered by every
 * page it shows, so the address alone says nothing about who wants the call. Programs are not browsers, and call as they like.
 *
 * - What names its `Origin` comes from there: it has to be the host that is called. Browsers name it for every method but GET and HEAD.
 * - `Sec-Fetch-Site` tells the same for GETs, where the browser sends it. Somebody who follows a link to here is welcome.
 * - A page of another name may be same-origin with us if its name leads to our address (DNS rebinding). So a browser may only call
 *   hosts that no name server decides about: addresses, `localhost`, and those of `ELB_ADMIN_HOSTS`. Where a token is asked for,
 *   any host will do: that page does not have it, and what a browser remembers of a login is kept for the host it was made at.
 */
export class BrowserGuard {
  readonly #hosts: ReadonlySet<string>;
  readonly #hasTokens: boolean;

  constructor({ hosts, hasTokens }: BrowserGuardOptions) {
    this.#hosts = new Set(hosts.map((host) => host.toLowerCase()));
    this.#hasTokens = hasTokens;
  }

  /** Why a call is refused, or null. */
  refusal(method: string, headers: IncomingHttpHeaders): string | null {
    const host = (headers.host ?? '').toLowerCase();
    const { origin } = headers;
    if (origin !== undefined && hostOf(origin) !== host) return 'not allowed for pages of another origin';
    const site = headers['sec-fetch-site'];
    if (site !== undefined && site !== 'same-origin' && site !== 'none' && !isVisit(method, headers)) {
      return 'not allowed for pages of another site';
    }
    if (this.#hasTokens || !isBrowser(headers) || this.#isOurs(host)) return null;
    return `a browser may call by an address or localhost; ${JSON.stringify(host)} has to be in ELB_ADMIN_HOSTS, or a token asked for`;
  }

  #isOurs(host: string): boolean {
    const name = host.replace(/:\d*$/, '').replace(/\.$/, '');
    return FIXED.test(name) || this.#hosts.has(host) || this.#hosts.has(name);
  }
}

/** Addresses, as browsers write them, and names that always lead to the machine itself (RFC 6761 6.3). */
const FIXED = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[\da-f:.]+\]|(?:[^/]*\.)?localhost)$/;

/** Host and port of an origin (RFC 6454 6.1), as Host has them; null: it is `null` or none. */
function hostOf(origin: string): string | null {
  return /^https?:\/\/([^/?#@\s]+)$/i.exec(origin)?.[1]?.toLowerCase() ?? null;
}

/** Whether somebody goes to a page here, in a window of its own: the page that led there cannot read it. */
function isVisit(method: string, headers: IncomingHttpHeaders): boolean {
  const isRead = method === 'GET' || method === 'HEAD';
  return isRead && headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
}

/** A page may give some of these another value, but none of them away: browsers send them in any case. */
function isBrowser(headers: IncomingHttpHeaders): boolean {
  return (
    headers.origin !== undefined ||
    headers.referer !== undefined ||
    headers['accept-language'] !== undefined ||
    headers['sec-fetch-site'] !== undefined ||
    headers['user-agent']?.startsWith('Mozilla/') === true
  );
}
