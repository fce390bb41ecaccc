import { cidrs, hostNames, integer, namedTokens, token } from './option-kinds.ts';
import { row } from './option.ts';

/** Who may use the admin API, and what it remembers. */
export const ADMIN_OPTIONS = {
  adminAllow: row(
    'Admin API',
    'admin-allow',
    ['ELB_ADMIN_ALLOW'],
    cidrs,
    '127.0.0.0/8, ::1',
    'networks that may use the admin API',
  ),
  adminHosts: row(
    'Admin API',
    'admin-hosts',
    ['ELB_ADMIN_HOSTS'],
    hostNames,
    null,
    'names under which browsers may use the admin API where no token is asked for, beside addresses and localhost',
  ),
  healthAllow: row(
    'Admin API',
    'health-allow',
    ['ELB_HEALTH_ALLOW'],
    cidrs,
    null,
    'networks that may also call `GET /__erulb__/health`, without a token: load balancers in front of ELB',
  ),
  history: row(
    'Admin API',
    'history',
    ['ELB_HISTORY'],
    integer(0, 10_000),
    '200',
    'transactions that are recorded in the store, for `GET /__erulb__/history`; 0: none',
  ),
  adminTokens: row(
    'Admin API',
    null,
    ['ELB_ADMIN_TOKENS'],
    namedTokens,
    null,
    'further tokens, `NAME:TOKEN` each: what is done with one is recorded under its name; that of ELB_ADMIN_TOKEN is `token`',
  ),
  adminToken: row(
    'Admin API',
    null,
    ['ELB_ADMIN_TOKEN'],
    token,
    null,
    'then the admin API also wants this: as a bearer token, or as the password of basic authentication',
  ),
} as const;
