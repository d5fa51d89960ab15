// @jmondi/oauth2-server behind Express, with repositories in memory, as its documentation shows them; passwords are
// argon2id hashes of the same cost as everybody's. Usage: node jmondi.mjs PORT

import { argon2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import express from "express";
import { AuthorizationServer, DateInterval, JwtService, generateRandomToken } from "@jmondi/oauth2-server";
import { handleExpressError, handleExpressResponse, requestFromExpress } from "@jmondi/oauth2-server/express";

const [port] = process.argv.slice(2);
const env = process.env;
const hash = promisify(argon2);
const cost = { memory: Number(env.BENCH_MEMORY_KIB), passes: Number(env.BENCH_ITERATIONS), parallelism: 1, tagLength: 32 };
const nonce = randomBytes(16);
const scope = { name: env.BENCH_SCOPE };
const user = {
  id: "1",
  username: env.BENCH_USERNAME,
  hash: await hash("argon2id", { message: env.BENCH_PASSWORD, nonce, ...cost }),
};
const client = {
  id: env.BENCH_CLIENT_ID,
  name: "bench",
  secret: env.BENCH_CLIENT_SECRET,
  redirectUris: [],
  allowedGrants: ["client_credentials", "password", "refresh_token"],
  scopes: [scope],
};
const byAccessToken = new Map();
const byRefreshToken = new Map();

const clients = {
  getByIdentifier: async (id) => (id === client.id ? client : undefined),
  isClientValid: async (grant, found, secret) => secret === found.secret && found.allowedGrants.includes(grant),
};
const scopes = {
  getAllByIdentifiers: async (names) => (names.includes(scope.name) ? [scope] : []),
  finalize: async (requested) => requested,
};
const users = {
  async getUserByCredentials(username, password) {
    if (username !== user.username) return undefined;
    const computed = await hash("argon2id", { message: password, nonce, ...cost });
    return timingSafeEqual(computed, user.hash) ? user : undefined;
  },
};
const tokens = {
  async issueToken(of, granted, owner) {
    return {
      accessToken: generateRandomToken(),
      accessTokenExpiresAt: new DateInterval("1h").getEndDate(),
      refreshToken: null,
      refreshTokenExpiresAt: null,
      client: of,
      user: owner ?? null,
      scopes: granted,
    };
  },
  async issueRefreshToken(token) {
    token.refreshToken = generateRandomToken();
    token.refreshTokenExpiresAt = new DateInterval("30d").getEndDate();
    byRefreshToken.set(token.refreshToken, token);
    return token;
  },
  async persist(token) {
    byAccessToken.set(token.accessToken, token);
  },
  async revoke(token) {
    token.accessTokenExpiresAt = new Date(0);
    token.refreshTokenExpiresAt = new Date(0);
    byAccessToken.delete(token.accessToken);
    byRefreshToken.delete(token.refreshToken);
  },
  isRefreshTokenRevoked: async (token) => Date.now() > (token.refreshTokenExpiresAt?.getTime() ?? 0),
  async getByRefreshToken(refreshToken) {
    return found(byRefreshToken.get(refreshToken));
  },
  async getByAccessToken(accessToken) {
    return found(byAccessToken.get(accessToken));
  },
};

function found(token) {
  if (token === undefined) throw new Error("Token not found");
  return token;
}

const server = new AuthorizationServer(clients, tokens, scopes, new JwtService(randomBytes(32).toString("hex")));
server.enableGrantTypes("client_credentials", "refresh_token", { grant: "password", userRepository: users });

const application = express();
application.use(express.urlencoded({ extended: false }));
for (const [path, answer] of [
  ["/token", (request) => server.respondToAccessTokenRequest(request)],
  ["/token/introspect", (request) => server.introspect(request)],
  ["/token/revoke", (request) => server.revoke(request)],
]) {
  application.post(path, async (request, response) => {
    try {
      handleExpressResponse(response, await answer(requestFromExpress(request)));
    } catch (refused) {
      handleExpressError(refused, response);
    }
  });
}
application.listen(Number(port), "127.0.0.1");
