import { readPageFiles } from './page-files.ts';
import type { PageFile } from './page-files.ts';
import { defineResource } from './resource.ts';

/**
 * The admin page, for browsers: `GET /__erulb__/ui`, and its files below. It holds no secret and needs no token; what it shows it asks
 * the other resources, with a token where one is asked for.
 *
 *     GET -> <!doctype html> ...
 */
export const ui = defineResource({
  name: 'ui',
  hasParts: true,
  withoutToken: true,
  methods: {
    GET: {
      takesBody: false,
      handle({ part }) {
        files ??= readPageFiles();
        const file = files.get(part === '' ? 'index.html' : part);
        if (file === undefined) return { status: 404, msg: `the page has no file ${part}` };
        const { type, text, tag } = file;
        return { status: 200, page: { type, parts: [text], tag, headers: HEADERS } };
      },
    },
  },
});

/** Read when somebody asks for the first time: most instances never are. */
let files: ReadonlyMap<string, PageFile> | null = null;

/** The page runs and loads what is ours, and nothing else: no text of a document or of a request can become a part of it. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
];

const HEADERS = {
  'Content-Security-Policy': POLICY.join('; '),
  'Cross-Origin-Opener-Policy': 'same-origin',
  'X-Frame-Options': 'DENY',
};
