// A provider of OpenID Connect, as others run one: `oidc-provider`, with a page to sign in. Who signs in says their name, and
// has an address of it. Those whose names begin with `un` have addresses that nobody has verified.
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const CLAIMS = { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'], groups: ['groups'] };
const GROUPS = { ann: ['admins'], bob: ['makers'] };

const server = createServer((request, response) => {
  const [, page, uid] = request.url.split('/');
  if (page === 'enter') void enter(request, response, uid);
  else handle(request, response);
});
server.listen(0, () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  provider = new Provider(issuer, {
    clients: [{ client_id: 'steadflow', client_secret: 's:ecret', redirect_uris: [`${issuer}/none`] }],
    claims: CLAIMS,
    scopes: Object.keys(CLAIMS),
    cookies: { keys: ['a key of tests'] },
    features: { devInteractions: { enabled: false } },
    findAccount: (_, name) => ({ accountId: name, claims: () => claims(name) }),
    interactions: { url: (_, { uid }) => `/enter/${uid}` },
    loadExistingGrant,
  });
  // Where the server under test listens is known only when it does.
  provider.Client.prototype.redirectUriAllowed = () => true;
  provider.on('server_error', (_, error) => console.error(error));
  handle = provider.callback();
});
let provider;
let handle = (_, response) => response.writeHead(503).end();

function claims(name) {
  return {
    sub: `id-of-${name}`,
    name: `${name[0].toUpperCase()}${name.slice(1)} Example`,
    email: `${name}@example.org`,
    email_verified: !name.startsWith('un'),
    groups: GROUPS[name] ?? [],
  };
}

/** Nobody is asked whether the client may know who they are. */
async function loadExistingGrant({ oidc }) {
  const grant = new provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
  grant.addOIDCScope(Object.keys(CLAIMS).join(' '));
  await grant.save();
  return grant;
}

async function enter(request, response, uid) {
  if (request.method === 'GET') {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
    response.end(`<!doctype html><html lang="en"><title>Example login</title><h1>Example login</h1>
      <form method="post" action="/enter/${uid}"><label>Login <input name="name"></label>
      <button>Log in</button> <button name="refuse" value="yes">Refuse</button></form></html>`);
    return;
  }
  let text = '';
  for await (const chunk of request) text += chunk;
  const form = new URLSearchParams(text);
  const result = form.has('refuse')
    ? { error: 'access_denied' }
    : { login: { accountId: form.get('name') } };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}
