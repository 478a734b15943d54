// oidc-provider (certified by the OpenID Foundation) with a login page, for tests/console/test_other_providers.py.
import { Provider } from 'oidc-provider'

const [port, client_id, client_secret, redirect] = process.argv.slice(2)
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id,
    client_secret,
    redirect_uris: [redirect],
    grant_types: ['authorization_code'],
    response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_post'
  }],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  cookies: { keys: ['for a test'] },
  features: { devInteractions: { enabled: true } },
  pkce: { required: () => true },
  findAccount: (_ctx, id) => ({
    accountId: id,
    claims: async () => ({ sub: id, email: `${id}@acme.example`, email_verified: id !== 'bob' })
  })
})
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'))
