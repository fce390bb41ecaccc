import { accessSync, constants, readFileSync } from 'node:fs';

/** Where certificates are ordered, and in whose name. */
export interface AcmeSetup {
  /** URL of the CA's directory (RFC 8555 7.1.1). */
  readonly directory: string;
  readonly email: string | null;
  /** Certificates that the CA's own is checked against, in PEM; null: those that Node trusts. */
  readonly ca: string | null;
  /** External account binding (RFC 8555 7.3.4). */
  readonly eab: { readonly kid: string; readonly hmacKey: string } | null;
  /** Program that sets records of DNS; null: none. */
  readonly dnsHook: string | null;
  /** Most orders in an hour, of all instances. */
  readonly ordersPerHour: number;
}

interface AcmeValues {
  readonly acme: string | null;
  readonly acmeEmail: string | null;
  readonly acmeCa: string | null;
  readonly acmeEabKid: string | null;
  readonly acmeEabKey: string | null;
  readonly acmeDnsHook: string | null;
  readonly acmeRate: number | null;
}

/** Null: nothing is ordered. */
export function acmeSetup(values: AcmeValues, problems: string[]): AcmeSetup | null {
  const { acme: directory, acmeEabKid: kid, acmeEabKey: hmacKey } = values;
  if ((kid === null) !== (hmacKey === null)) problems.push('ELB_ACME_EAB_KID and ELB_ACME_EAB_KEY need each other');
  if (directory === null) return null;
  if (!/^https:\/\/[^\s/]+\/\S*$/.test(directory)) {
    problems.push(`--acme (ELB_ACME) must be the https:// URL of a directory, not ${JSON.stringify(directory)}`);
  }
  return {
    directory,
    email: values.acmeEmail,
    ca:
      values.acmeCa === null ? null : attempt('ELB_ACME_CA', problems, () => readFileSync(values.acmeCa ?? '', 'utf8')),
    eab: kid === null || hmacKey === null ? null : { kid, hmacKey },
    dnsHook: executable(values.acmeDnsHook, problems),
    ordersPerHour: values.acmeRate ?? 0,
  };
}

function executable(path: string | null, problems: string[]): string | null {
  if (path !== null) {
    attempt('--acme-dns-hook (ELB_ACME_DNS_HOOK)', problems, () => {
      accessSync(path, constants.X_OK);
      return path;
    });
  }
  return path;
}

function attempt(label: string, problems: string[], read: () => string): string | null {
  try {
    return read();
  } catch (error) {
    problems.push(`${label}: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}
