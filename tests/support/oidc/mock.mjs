// oauth2-mock-server, which sends back at once and whose tokens a test spoils, for tests/console/test_other_providers.py.
import { OAuth2Server } from 'oauth2-mock-server'

const [port, client_id, , , spoilt] = process.argv.slice(2)
const server = new OAuth2Server()
await server.issuer.keys.generate('RS256')
server.service.on('beforeTokenSigning', token => {
  Object.assign(token.payload, { aud: client_id, sub: 'ana', email: 'ana@acme.example', email_verified: true })
  Object.assign(token.payload, JSON.parse(spoilt))
})
await server.start(Number(port), '127.0.0.1')
server.issuer.url = `http://127.0.0.1:${port}`
console.log('ready')
