// oidc-provider as its documentation sets it up, with its own store in memory. Usage: node oidc-provider.mjs PORT

import { Provider } from "oidc-provider";
import { generateKeyPairSync, randomBytes } from "node:crypto";

const [port] = process.argv.slice(2);
const env = process.env;
const key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" });

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: env.BENCH_CLIENT_ID,
      client_secret: env.BENCH_CLIENT_SECRET,
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
      scope: env.BENCH_SCOPE,
      token_endpoint_auth_method: "client_secret_basic",
      id_token_signed_response_alg: "ES256",
    },
  ],
  scopes: [env.BENCH_SCOPE],
  jwks: { keys: [{ ...key, use: "sig", alg: "ES256" }] },
  cookies: { keys: [randomBytes(32).toString("hex")] },
  features: {
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    devInteractions: { enabled: false },
  },
});
provider.listen(Number(port), "127.0.0.1");
