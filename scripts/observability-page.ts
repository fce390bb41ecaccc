// Writes docs/observability.md: every metric and every field of the access log, from the tables in the code.
import { writeFileSync } from 'node:fs';
import { resources } from '../api/index.ts';
import { METRICS, type MetricRow } from '../lib/stats/catalogue.ts';
import { LOG_FIELDS } from '../lib/stats/log-fields.ts';
import { docComment } from './write-api.ts';

export function observabilityPage(): string {
  // The table is typed by its own literals.
  const metrics = Object.entries(METRICS as Readonly<Record<string, MetricRow>>).map(
    ([name, { type, labels, help }]) => [`\`${name}\``, type, labels.map((label) => `\`${label}\``).join(', '), help],
  );
  const fields = Object.entries(LOG_FIELDS).map(([name, { help, kind }]) => [`\`$${name}\``, kind, help]);
  const endpoints = resources.map((resource) => [
    `\`${resource.name}\``,
    Object.keys(resource.methods).join(', '),
    firstSentence(docComment(resource)),
  ]);
  return `<!-- Written by scripts/observability-page.ts. -->

# What ELB tells

## What can be asked

Below \`/__erulb__/\`; [api](api.md) has the parameters and shows an answer of each.

${table(['endpoint', 'calls', 'tells or does'], endpoints)}

\`explain\` walks the very graph that a worker serves by and goes the request's way up to the server that it would be given to; \`npm run test:explain\` compares 100,000
explanations with what then happens to the same requests, in clear and by TLS, through graphs that ask, aggregate, copy and share, with replies that are kept and compressed (none
differed at ff3c5bc; \`--seed N\` takes other ones). \`requests\` tells the same of requests that were really made. \`stats\` has rates as load averages have them,
brought up to date every five seconds, and times of the last 1, 5 and 15 minutes in parts of half a minute; of paths and clients the most frequent are kept
(space-saving counters: counts are too high by at most \`over\`). Where a worker has more than a hundred requests a second, it remembers and samples
one of several; errors have room of their own. \`ELB_RECENT_REQUESTS=0\` turns all of that off.

## Metrics

\`GET /__erulb__/metrics\` answers in the text format of Prometheus, and in OpenMetrics where \`Accept\` names it. The same is at
\`/metrics\` on \`ELB_METRICS_LISTEN\`, for scrapers that are kept away from the admin API. Workers count, the primary adds up: a scrape asks
each worker for what it has counted since the last one, and everything else happens away from the requests. Counting costs a worker
about 0.2 us a request (\`ELB_METRICS=off\` saves it).

The number of series follows the configuration, never the clients: hosts that no domain has are one series, methods that are not
usual ones another, and the series of a domain end with it. What a worker counted in its last five seconds is lost if it is killed.

${table(['metric', 'type', 'labels', 'meaning'], metrics)}

Histograms have fixed bounds; what they hold is counted in buckets of 6 % width, so that a bound that falls inside of one is off by
at most that. \`docs/grafana.json\` is a dashboard with a panel for each, made from the same table. At 100,000 domains and 10,000 servers a
page has a million lines: scrape \`ELB_METRICS_LISTEN\`, which the primary answers itself, and not the admin API, whose answers pass
through a worker. What a scrape costs requests is in [benchmarks](benchmarks.md).

## Access log

\`ELB_ACCESS_LOG\` names a file, or \`stdout\`; \`ELB_ACCESS_LOG_FORMAT\` says what a line is: \`json\`, \`json:FIELD,...\`, \`combined\`, \`elb\` (the
fields of projecteru2/elb in its order), or a template such as

    $remote_addr "$request" $status \${request_time}s via $nodes

\`ELB_ACCESS_LOG_SAMPLE\` logs a share of the requests; those that ended with a status from 400 on, or broke off, are always logged.
Lines wait in memory, at most 16 MiB in each worker; a file that does not keep up loses lines, which
\`elb_access_log_dropped_total\` counts, and never holds a request up. SIGHUP opens the file anew. Bytes that could end a line or a quoted
part of it are written as \`\\xHH\`, in JSON they are escaped.

${table(['field', 'kind', 'meaning'], fields)}

Beside these, \`$http_NAME\` is the request's field of that name with underscores for hyphens: \`$http_user_agent\`.

## Identity of requests

With \`ELB_REQUEST_ID=on\` servers are sent \`X-Request-Id\`: what a trusted proxy said, if it is at most 128 characters that are safe in
logs, else 128 random bits in hex. The access log has it as \`$request_id\`.

## Traces

With \`--trace-otlp URL\`, \`--trace-zipkin URL\` or both, a request is told as spans: one of its own, a child of whoever has sent it, and below it one for each server
that was tried, which is what that server is told to be a child of. A trace is passed on as it has come, by W3C \`traceparent\` and
\`tracestate\` or by B3 in one field or in several, and begun where there is none; \`--trace-propagate\` says how servers are told beside that. What is no
valid trace is none, and \`tracestate\` goes with it.

\`--trace-sample\` is the share of traces that is kept, decided by the trace's id, so that all instances decide alike; of trusted proxies the sampled flag
counts instead. Workers hold what they have to tell until the primary asks, every five seconds; it sends batches of 512 spans. What finds no
room, 4,096 requests in a worker and 16,384 spans for a receiver, is lost and counted in \`elb_trace_spans_total\`. \`OTEL_EXPORTER_OTLP_HEADERS\`
gives the receiver of OTLP further fields, such as a token. When ELB ends, each worker tells what it still holds, and receivers have two seconds to take
it. The access log has the request as \`$trace_id\` and \`$span_id\`. Without a receiver nothing of this is loaded, and a request pays for one look at a field.

Attributes are those of OpenTelemetry's conventions for HTTP, and \`elb.domain\`, \`elb.nodes\`, \`elb.upstream\`, \`elb.ending\`.

## statsd

With \`STATSD=host:port\` each request that was given to a server is told as \`NAME.a_test.total:1|c\`, \`NAME.a_test.status.200:1|c\` and
\`NAME.a_test.cost:12|ms\`.
`;
}

function firstSentence(text: string): string {
  return (/^[^]*?[.:](?=\s|$)/.exec(text)?.[0] ?? text).replaceAll('\n', ' ').replace(/:$/, '.');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, head.map(() => '-'), ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = head.map((_, i) => Math.max(3, ...all.map((row) => row[i]?.length ?? 0)));
  const lines = all.map((row, at) =>
    row.map((cell, i) => (at === 1 ? '-'.repeat(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0))).join(' | '),
  );
  return lines.map((line) => `| ${line} |`).join('\n');
}

if (import.meta.main) writeFileSync(new URL('../docs/observability.md', import.meta.url), observabilityPage());
