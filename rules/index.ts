import type { Rule } from '../lib/routing/rule.ts';
import { aggregate } from './aggregate.ts';
import { all } from './all.ts';
import { any } from './any.ts';
import { backend } from './backend.ts';
import { ask } from './ask.ts';
import { basic } from './basic.ts';
import { bearer } from './bearer.ts';
import { breaker } from './breaker.ts';
import { bodyLimit } from './body-limit.ts';
import { close } from './close.ts';
import { concurrency } from './concurrency.ts';
import { cookie } from './cookie.ts';
import { fallback } from './fallback.ts';
import { forwardAuth } from './forward-auth.ts';
import { cors } from './cors.ts';
import { csrf } from './csrf.ts';
import { gotoRule } from './goto.ts';
import { header } from './header.ts';
import { health } from './health.ts';
import { hedge } from './hedge.ts';
import { host } from './host.ts';
import { introspect } from './introspect.ts';
import { include } from './include.ts';
import { ip } from './ip.ts';
import { jwt } from './jwt.ts';
import { key } from './key.ts';
import { ipFilter } from './ip-filter.ts';
import { lookup } from './lookup.ts';
import { method } from './method.ts';
import { mirror } from './mirror.ts';
import { mtls } from './mtls.ts';
import { not } from './not.ts';
import { oidc } from './oidc.ts';
import { path } from './path.ts';
import { query } from './query.ts';
import { rateLimit } from './rate-limit.ts';
import { redirect } from './redirect.ts';
import { requestBody } from './request-body.ts';
import { remote } from './remote.ts';
import { requestHeaders } from './request-headers.ts';
import { requestJson } from './request-json.ts';
import { requestMethod } from './request-method.ts';
import { respond } from './respond.ts';
import { responseBody } from './response-body.ts';
import { responseHeaders } from './response-headers.ts';
import { retry } from './retry.ts';
import { returnRule } from './return.ts';
import { rewrite } from './rewrite.ts';
import { signature } from './signature.ts';
import { size } from './size.ts';
import { split } from './split.ts';
import { sso } from './sso.ts';
import { switchRule } from './switch.ts';
import { time } from './time.ts';
import { tryRule } from './try.ts';
import { timeout } from './timeout.ts';
import { tls } from './tls.ts';
import { ua } from './ua.ts';
import { validate } from './validate.ts';

const list: readonly Rule[] = [
  ua,
  path,
  host,
  method,
  header,
  cookie,
  query,
  ip,
  time,
  size,
  tls,
  all,
  any,
  not,
  switchRule,
  split,
  tryRule,
  gotoRule,
  include,
  returnRule,
  rewrite,
  requestMethod,
  requestBody,
  requestJson,
  requestHeaders,
  lookup,
  responseHeaders,
  responseBody,
  basic,
  bearer,
  key,
  jwt,
  introspect,
  signature,
  forwardAuth,
  mtls,
  oidc,
  sso,
  remote,
  ipFilter,
  rateLimit,
  concurrency,
  bodyLimit,
  validate,
  cors,
  csrf,
  timeout,
  retry,
  hedge,
  breaker,
  fallback,
  mirror,
  ask,
  aggregate,
  backend,
  respond,
  redirect,
  health,
  close,
];

/** Every rule by its type: the word that a document's `type` says. */
export const rules: ReadonlyMap<string, Rule> = new Map(list.map((rule) => [rule.type, rule]));
