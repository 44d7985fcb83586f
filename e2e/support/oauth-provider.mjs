// A real OAuth2 provider (oidc-provider), whose one person allows everything, and a resource that takes its tokens.
//
// It serves GET /resource, which takes an access token and says whose it is, /mcp, which passes calls with an access token on to the
// MCP server that is named behind the lifetime, GET /counts, which has all tokens that were issued, and
// what tests tell it with POST: /hold and /release (answers of the token endpoint wait meanwhile), /forget (access tokens count no
// more) and /revoke (grants count no more). POST /echo is a token endpoint that repeats in its error what it was sent.
import { once } from 'node:events';
import { createServer, request as call } from 'node:http';
import Provider from 'oidc-provider';

const [redirectUri = 'http://127.0.0.1/oauth/callback', lifetime = '3600', mcpUrl] = process.argv.slice(2);
const counts = { tokens: 0, refreshes: 0, refused: 0, mcp: 0, issued: [] };
const stored = new Map();
let released = Promise.resolve();
let release = () => {};

/** Keeps everything in memory, where it can be made to count no more. */
class Adapter {
  constructor(kind) {
    this.kind = kind;
  }
  key(id) {
    return `${this.kind}:${id}`;
  }
  async upsert(id, payload) {
    stored.set(this.key(id), payload);
  }
  async find(id) {
    return stored.get(this.key(id));
  }
  async findByUid(uid) {
    return this.first((payload) => payload.uid === uid);
  }
  async findByUserCode(code) {
    return this.first((payload) => payload.userCode === code);
  }
  first(fits) {
    for (const [key, payload] of stored) if (key.startsWith(`${this.kind}:`) && fits(payload)) return payload;
    return undefined;
  }
  async destroy(id) {
    stored.delete(this.key(id));
  }
  async consume(id) {
    const payload = stored.get(this.key(id));
    if (payload) payload.consumed = Math.floor(Date.now() / 1000);
  }
  async revokeByGrantId(grantId) {
    for (const [key, payload] of stored) if (payload.grantId === grantId) stored.delete(key);
  }
}

function drop(...kinds) {
  for (const key of [...stored.keys()]) if (kinds.some((kind) => key.startsWith(`${kind}:`))) stored.delete(key);
}

const secret = 'canary-client-secret';
const server = createServer();
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const issuer = `http://127.0.0.1:${server.address().port}`;
const provider = new Provider(issuer, {
  adapter: Adapter,
  clients: [
    {
      client_id: 'machine',
      client_secret: secret,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    },
    {
      client_id: 'studio',
      client_secret: secret,
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: [redirectUri],
      token_endpoint_auth_method: 'client_secret_post',
    },
  ],
  cookies: { keys: ['only for tests'] },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
  },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
  loadExistingGrant: async (ctx) => {
    const { client, session } = ctx.oidc;
    const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope('openid offline_access read');
    await grant.save();
    return grant;
  },
  issueRefreshToken: async () => true,
  rotateRefreshToken: true,
  pkce: { required: () => true },
  scopes: ['openid', 'offline_access', 'read'],
  ttl: { AccessToken: Number(lifetime), ClientCredentials: Number(lifetime), RefreshToken: 86_400 },
});
provider.on('grant.success', (ctx) => {
  counts.tokens += 1;
  if (ctx.oidc.params.grant_type === 'refresh_token') counts.refreshes += 1;
});
provider.on('grant.error', () => {
  counts.refused += 1;
});
provider.use(async (ctx, next) => {
  await next();
  if (ctx.path !== '/token') return;
  const { access_token, refresh_token } = ctx.body ?? {};
  counts.issued.push(...[access_token, refresh_token].filter(Boolean));
  await released;
});
const answers = provider.callback();

const tokenOf = (request) => (request.headers.authorization ?? '').replace(/^Bearer /, '');

async function accepted(token) {
  return (await provider.AccessToken.find(token)) ?? provider.ClientCredentials.find(token);
}

async function mcp(request, response) {
  if (!(await accepted(tokenOf(request)))?.isValid) return response.writeHead(401).end();
  counts.mcp += 1;
  const { authorization, ...headers } = request.headers;
  const passed = call(mcpUrl, { method: request.method, headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  passed.on('error', () => response.destroy());
  request.pipe(passed);
}

async function resource(request, response) {
  const token = tokenOf(request);
  const found = await accepted(token);
  response.writeHead(found?.isValid ? 200 : 401, { 'content-type': 'application/json' });
  // A service that echoes what it was sent.
  response.end(JSON.stringify({ client: found?.clientId, account: found?.accountId, token }));
}

async function echo(request, response) {
  let sent = `${request.headers.authorization} `;
  for await (const chunk of request) sent += chunk;
  response.writeHead(400, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ error: 'invalid_request', error_description: sent, client_secret: secret }));
}

const orders = {
  '/hold': () => {
    released = new Promise((resolve) => {
      release = resolve;
    });
  },
  '/release': () => release(),
  '/forget': () => drop('AccessToken', 'ClientCredentials'),
  '/revoke': () => drop('AccessToken', 'ClientCredentials', 'RefreshToken', 'Grant', 'Session'),
};

server.on('request', async (request, response) => {
  const path = new URL(request.url, issuer).pathname;
  if (path === '/resource') return resource(request, response);
  if (path === '/mcp' && mcpUrl) return mcp(request, response);
  if (path === '/echo') return echo(request, response);
  if (path === '/counts') return response.end(JSON.stringify(counts));
  if (request.method === 'POST' && orders[path]) return response.end(String(orders[path]() ?? ''));
  if (path.startsWith('/interaction/')) {
    // The one person signs in at once.
    return provider.interactionFinished(request, response, { login: { accountId: 'ada' } });
  }
  return answers(request, response);
});
