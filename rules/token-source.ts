import { bearerOf } from '../lib/auth/credentials.ts';
import type { RoutedRequest } from '../lib/routing/rule.ts';
import { cookieOf } from './request-value.ts';

/** The token that a client sends: in the cookie of that name, if it is there and not empty, else in the Bearer scheme. Null without one. */
export function tokenOf(request: RoutedRequest, cookie: string | undefined): string | null {
  const sent = cookie === undefined ? null : cookieOf(request, cookie);
  const token = sent === null || sent === '' ? bearerOf(request.field('authorization')) : sent;
  return token === null || token.length > MAX_LENGTH ? null : token;
}

const MAX_LENGTH = 16_384;
