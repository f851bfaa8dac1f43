// Follows a subscription with graphql-ws over one socket. Environment and output: follow.mjs.
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { authorization, endpoint, fail, follow, words } from './follow.mjs';

const url = endpoint();
url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';

const client = createClient({
  url: url.href,
  webSocketImpl: WebSocket,
  connectionParams: authorization,
  // Query and subscription share the socket, and a broken one is to be seen, not mended.
  lazy: false,
  retryAttempts: 0,
  onNonLazyError: (problem) => fail(words(problem)),
});

follow(client).catch((problem) => fail(words(problem)));
