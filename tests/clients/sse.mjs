// Follows a subscription with graphql-sse in distinct connections mode. Environment and output: follow.mjs.
import { createClient } from 'graphql-sse';
import { authorization, endpoint, fail, follow, words } from './follow.mjs';

const client = createClient({
  url: endpoint().href,
  singleConnection: false,
  headers: authorization,
  retryAttempts: 0,
});

follow(client).catch((problem) => fail(words(problem)));
