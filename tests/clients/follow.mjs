// What ws.mjs and sse.mjs share: where the hub is, what to follow, and how it is told on stdout.
//
// HUB_URL        http://127.0.0.1:PORT
// HUB_TOKEN      bearer token; without one the client comes as nobody
// HUB_DOCUMENT   the subscription; HUB_VARIABLES its variables as JSON
// HUB_COUNT      stop, well, after this many messages (heartbeats are messages)
// HUB_TIMEOUT_MS stop after this long: well without HUB_COUNT, a failure with it (10000)
//
// stdout, one line each: {"query": <result of the viewer query>}, then every message as it came,
// and READY after the first. Anything that goes wrong is one sentence on stderr and exit code 1.

const { HUB_URL, HUB_TOKEN, HUB_DOCUMENT, HUB_VARIABLES, HUB_COUNT, HUB_TIMEOUT_MS } = process.env;

export const authorization = HUB_TOKEN ? { Authorization: `Bearer ${HUB_TOKEN}` } : {};

export function fail(why) {
  console.error(`${process.argv[1].split('/').pop()}: ${why}`);
  process.exit(1);
}

export function endpoint() {
  if (!HUB_URL) fail('HUB_URL is not set');
  return new URL('/graphql', HUB_URL);
}

/** Errors, close events and lists of GraphQL errors, each in words. */
export function words(problem) {
  if (Array.isArray(problem)) return problem.map(words).join('; ');
  if (typeof problem?.code === 'number') return `closed with ${problem.code} ${problem.reason ?? ''}`.trim();
  if (problem?.message) return problem.message + (problem.cause ? ` (${words(problem.cause)})` : '');
  return typeof problem === 'string' ? problem : JSON.stringify(problem);
}

/** Runs the query, then follows the subscription. Never returns: it ends the process. */
export async function follow(client) {
  if (!HUB_DOCUMENT) fail('HUB_DOCUMENT is not set');
  const variables = HUB_VARIABLES ? JSON.parse(HUB_VARIABLES) : undefined;
  const wanted = HUB_COUNT ? Number(HUB_COUNT) : Infinity;
  const patience = Number(HUB_TIMEOUT_MS ?? 10_000);
  let seen = 0;

  const finish = async (code) => {
    await client.dispose();
    process.exit(code);
  };
  setTimeout(() => {
    if (wanted === Infinity && seen > 0) void finish(0);
    else fail(`${seen} of ${HUB_COUNT ?? 'any'} messages after ${patience} ms`);
  }, patience);

  let answer;
  for await (const result of client.iterate({ query: '{ viewer { role } }' })) answer = result;
  if (!answer) fail('the query was completed without a result');
  if (answer.errors) fail(`the query was answered with errors: ${words(answer.errors)}`);
  console.log(JSON.stringify({ query: answer }));

  for await (const message of client.iterate({ query: HUB_DOCUMENT, variables })) {
    console.log(JSON.stringify(message));
    if (message.errors) fail(`a message carries errors: ${words(message.errors)}`);
    if (++seen === 1) console.log('READY');
    if (seen >= wanted) return finish(0);
  }
  fail(`the server completed the subscription after ${seen} messages`);
}
