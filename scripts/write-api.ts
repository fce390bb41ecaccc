// Writes docs/api.md: every resource of the admin API with its doc comment, its calls and their parameters.
import { readFileSync, writeFileSync } from 'node:fs';
import { resources } from '../api/index.ts';
import type { AdminMethod, Resource } from '../api/resource.ts';

/** docs/api.md; `test/api/page.test.ts` fails when the file differs. */
export function apiPage(): string {
  return `# Admin API

Written by \`node scripts/write-api.ts\` from the files in \`api/\`.

Everything is below \`/__erulb__/\`, on every listener and every host, before any domain. JSON in, JSON out, unless a resource says
otherwise. Success is always 200. What goes wrong is \`{"msg": "...", "problems": [{"at": "/a.test/rules/r1", "msg": "..."}]}\` with all
problems at once; \`at\` is a JSON pointer into the body, or \`?name\` for a parameter.

| status | means |
| --- | --- |
| 400 | the body, a document or a parameter is bad; an unknown parameter is, too. Nothing was changed |
| 401, 403 | a token is needed (\`ELB_ADMIN_TOKEN\`, \`ELB_ADMIN_TOKENS\`); not allowed from this address (\`ELB_ADMIN_ALLOW\`), or not for the page that has a browser ask (\`ELB_ADMIN_HOSTS\`) |
| 404 | no such resource, or no such record of the history |
| 405 | no such method; \`Allow\` names those there are |
| 408 | what was waited for has not come in time |
| 409 | \`If-Match\` does not hold: \`revision\` and \`etag\` tell what is there. Nothing was changed |
| 413 | the body is larger than 50 MB |
| 503 | the store cannot be reached, or (health) this instance should get no traffic |

GETs of documents answer an \`ETag\`, changes answer the store's revision in \`Elb-Revision\`; [config](config.md) says what they and
\`If-Match\`, \`dry_run\`, \`store\`, history and fleet promise.

${resources.map(sectionOf).join('\n')}`;
}

if (import.meta.main) writeFileSync(new URL('../docs/api.md', import.meta.url), apiPage());

function sectionOf(resource: Resource): string {
  const calls = Object.entries(resource.methods).map(([name, method]) => callOf(name, method));
  return `## ${resource.name}

${docComment(resource)}

| call | body | parameter | value | default | meaning |
| --- | --- | --- | --- | --- | --- |
${calls.flat().join('\n')}
`;
}

function callOf(name: string, { takesBody, parameters = {} }: AdminMethod): readonly string[] {
  const rows = Object.entries(parameters).map(([parameter, { placeholder, fallback, isRequired, help }]) => [
    `\`${parameter}\``,
    placeholder,
    isRequired ? 'required' : (fallback ?? ''),
    help,
  ]);
  const body = takesBody ? 'JSON' : '';
  return (rows.length === 0 ? [['', '', '', '']] : rows).map((row) => `| ${[name, body, ...row].join(' | ')} |`);
}

/** The comment above the resource in its file, examples as blocks. */
export function docComment({ name }: Resource): string {
  const source = readFileSync(new URL(`../api/${name}.ts`, import.meta.url), 'utf8');
  const end = source.indexOf(`*/\nexport const ${name} `);
  const begin = source.lastIndexOf('/**', end) + '/**'.length;
  return source
    .slice(begin, end)
    .split('\n')
    .map((line) => line.replace(/^ \* ?/, '').trimEnd())
    .join('\n')
    .trim();
}
