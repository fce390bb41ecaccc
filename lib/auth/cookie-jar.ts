/**
 * One value that a browser keeps for us, in as many cookies as it needs: they hold 4 KiB each. The value is of characters that stand in a
 * cookie as they are. With `secure` the names begin with `__Host-`: no other host, and nobody on the way, can set them (RFC 6265bis).
 */
export class CookieJar {
  readonly #name: string;
  readonly #attributes: string;

  constructor(name: string, secure: boolean) {
    this.#name = secure ? `__Host-${name}` : name;
    this.#attributes = `; Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
  }

  /** Name of the i-th cookie. */
  name(i: number): string {
    return i === 0 ? this.#name : `${this.#name}.${i}`;
  }

  /** The value; null without it. `cookie`: reads one by its name. */
  read(cookie: (name: string) => string | null): string | null {
    const first = cookie(this.name(0));
    if (first === null || first === '') return null;
    // The first says how many there are, so that ones left over from a longer value do no harm.
    const count = Number(first.slice(0, 1));
    let value = first.slice(1);
    if (!(count >= 1 && count <= MAX_COOKIES)) return null;
    for (let i = 1; i < count; i++) {
      const part = cookie(this.name(i));
      if (part === null) return null;
      value += part;
    }
    return value;
  }

  /** Whole field lines that have the browser keep the value; null if it is too long. */
  lines(value: string, maxAgeS: number): string | null {
    const count = Math.max(1, Math.ceil(value.length / PART));
    if (count > MAX_COOKIES) return null;
    let lines = '';
    for (let i = 0; i < count; i++) {
      const part = value.slice(i * PART, (i + 1) * PART);
      lines += this.#line(i, i === 0 ? `${count}${part}` : part, maxAgeS);
    }
    return lines;
  }

  /** Whole field lines that have it forget the value. */
  forget(cookie: (name: string) => string | null): string {
    let lines = '';
    for (let i = 0; i < MAX_COOKIES; i++) if (i === 0 || cookie(this.name(i)) !== null) lines += this.#line(i, '', 0);
    return lines;
  }

  #line(i: number, value: string, maxAgeS: number): string {
    return `Set-Cookie: ${this.name(i)}=${value}; Max-Age=${Math.floor(maxAgeS)}${this.#attributes}\r\n`;
  }
}

const PART = 3800;
const MAX_COOKIES = 5;
