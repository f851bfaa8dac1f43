// The GraphQL-over-HTTP audits of graphql-http against HUB_URL/graphql, as the bearer of HUB_TOKEN.
// stdout: {"ok", "notice", "warn", "error", "failing": [{id, name, status, reason}]}; exit code 1 unless all are ok.
import { serverAudits } from 'graphql-http';
import { authorization, endpoint, fail, words } from './follow.mjs';

const audits = serverAudits({
  url: endpoint().href,
  fetchFn: (url, init = {}) => fetch(url, { ...init, headers: { ...init.headers, ...authorization } }),
});

const tally = { ok: 0, notice: 0, warn: 0, error: 0, failing: [] };
// One at a time: which audit met which answer stays plain in the hub's log.
for (const audit of audits) {
  let result;
  try {
    result = await audit.fn();
  } catch (problem) {
    fail(`audit ${audit.id} (${audit.name}) could not run: ${words(problem)}`);
  }
  tally[result.status] += 1;
  if (result.status !== 'ok') {
    tally.failing.push({ id: audit.id, name: audit.name, status: result.status, reason: result.reason });
  }
  if (result.response?.body && !result.response.bodyUsed) await result.response.body.cancel();
}

console.log(JSON.stringify(tally));
if (tally.failing.length > 0) fail(`${tally.failing.length} of ${audits.length} audits are not ok`);
process.exit(0);
