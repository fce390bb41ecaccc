import { filePath, oneOf, secrets, text } from './option-kinds.ts';
import { row } from './option.ts';

/** TLS towards clients. */
export const TLS_OPTIONS = {
  tlsMin: row(
    'TLS',
    'tls-min',
    ['ELB_TLS_MIN'],
    oneOf(['1.2', '1.3']),
    '1.2',
    'oldest version of TLS that is spoken to clients; a domain may want a newer one',
  ),
  tlsCiphers: row(
    'TLS',
    'tls-ciphers',
    ['ELB_TLS_CIPHERS'],
    text,
    null,
    "ciphers that are spoken to clients, in OpenSSL's notation; unset: those with forward secrecy and authenticated encryption",
  ),
  tlsDefault: row(
    'TLS',
    'tls-default',
    ['ELB_TLS_DEFAULT'],
    text,
    null,
    'name of the certificate for clients that ask for no name, or one there is no certificate for; unset: they are refused',
  ),
  certs: row(
    'TLS',
    'certs',
    ['ELB_CERTS'],
    filePath,
    null,
    'directory of certificates with their keys (PEM), which is watched; unset: none',
  ),
  secrets: row(
    'TLS',
    null,
    ['ELB_SECRET'],
    secrets,
    null,
    'secret that keys of certificates are sealed with before they are stored; of several the first seals, and all open',
  ),
} as const;
