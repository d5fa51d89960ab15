// The real @jmondi/oauth2-server behind Express, with repositories in memory, as its documentation shows them.
// Usage: node server.mjs CAST.json PORT   (port 0: any free one). Prints one line when it is ready.

import { readFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import express from "express";
import {
  AuthorizationServer,
  DateInterval,
  JwtService,
  generateRandomToken,
  guardAgainstInvalidClientScopes,
} from "@jmondi/oauth2-server";
import { handleExpressError, handleExpressResponse, requestFromExpress } from "@jmondi/oauth2-server/express";

const [castFile, port] = process.argv.slice(2);
if (castFile === undefined || !/^\d+$/.test(port ?? "")) {
  console.error("usage: node server.mjs CAST.json PORT");
  process.exit(2);
}
const cast = JSON.parse(readFileSync(castFile, "utf8"));

const scopes = cast.scopes.map((name) => ({ name }));
const clients = new Map(
  cast.clients.map((client) => [
    client.id,
    {
      id: client.id,
      name: client.name,
      secret: client.secret,
      redirectUris: [],
      allowedGrants: client.grant_types,
      scopes: client.scope.map((name) => ({ name })),
    },
  ]),
);
const users = new Map(cast.users.map((user) => [user.username, user]));
const tokens = new Map();

const clientRepository = {
  async getByIdentifier(clientId) {
    return clients.get(clientId);
  },
  async isClientValid(grantType, client, clientSecret) {
    return (clientSecret || undefined) === client.secret && client.allowedGrants.includes(grantType);
  },
};

const scopeRepository = {
  async getAllByIdentifiers(names) {
    return [...new Set(names)].flatMap((name) => scopes.filter((scope) => scope.name === name));
  },
  async finalize(requested, _grantType, client) {
    guardAgainstInvalidClientScopes(client, requested);
    return requested;
  },
};

const userRepository = {
  async getUserByCredentials(username, password) {
    const user = users.get(username);
    return user !== undefined && user.enabled !== false && user.password === password ? user : undefined;
  },
};

const tokenRepository = {
  async issueToken(client, granted, user) {
    return {
      accessToken: generateRandomToken(),
      accessTokenExpiresAt: new DateInterval("1h").getEndDate(),
      refreshToken: null,
      refreshTokenExpiresAt: null,
      client,
      user: user ?? null,
      scopes: granted,
    };
  },
  async issueRefreshToken(token) {
    token.refreshToken = generateRandomToken();
    token.refreshTokenExpiresAt = new DateInterval("30d").getEndDate();
    return token;
  },
  async persist(token) {
    tokens.set(token.accessToken, token);
  },
  async revoke(token) {
    token.accessTokenExpiresAt = new Date(0);
    token.refreshTokenExpiresAt = new Date(0);
  },
  async isRefreshTokenRevoked(token) {
    return Date.now() > (token.refreshTokenExpiresAt?.getTime() ?? 0);
  },
  async getByRefreshToken(refreshToken) {
    return found([...tokens.values()].find((token) => token.refreshToken === refreshToken));
  },
  async getByAccessToken(accessToken) {
    return found(tokens.get(accessToken));
  },
};

function found(token) {
  if (token === undefined) throw new Error("Token not found");
  return token;
}

const jwtService = new JwtService(randomBytes(32).toString("hex"));
const authorizationServer = new AuthorizationServer(clientRepository, tokenRepository, scopeRepository, jwtService);
authorizationServer.enableGrantTypes("client_credentials", "refresh_token", { grant: "password", userRepository });

async function validateAccessToken(accessToken) {
  try {
    const payload = await jwtService.verify(accessToken);
    const stored = await tokenRepository.getByAccessToken(payload.jti);
    return stored.accessTokenExpiresAt < new Date() ? null : payload;
  } catch {
    return null;
  }
}

function refuse(response, status, challenge, error, description) {
  response.status(status).setHeader("WWW-Authenticate", challenge).json({ error, error_description: description });
}

function requireAuth(requiredScope) {
  return async (request, response, next) => {
    const header = request.headers.authorization;
    if (!header?.startsWith("Bearer ")) {
      refuse(response, 401, 'Bearer realm="api"', "invalid_request", "Missing Authorization header");
      return;
    }
    const payload = await validateAccessToken(header.slice(7));
    if (payload === null) {
      const description = "Token is invalid, expired, or revoked";
      refuse(response, 401, 'Bearer error="invalid_token"', "invalid_token", description);
      return;
    }
    if (!payload.scope.split(" ").includes(requiredScope)) {
      const challenge = `Bearer error="insufficient_scope", scope="${requiredScope}"`;
      refuse(response, 403, challenge, "insufficient_scope", `Required scopes: ${requiredScope}`);
      return;
    }
    request.payload = payload;
    next();
  };
}

function answered(respond) {
  return async (request, response) => {
    try {
      handleExpressResponse(response, await respond(requestFromExpress(request)));
    } catch (error) {
      handleExpressError(error, response);
    }
  };
}

const app = express();
app.set("env", "production");
app.use(express.json());
app.use(express.urlencoded({ extended: false }));
app.post("/token", answered((request) => authorizationServer.respondToAccessTokenRequest(request)));
app.post("/token/introspect", answered((request) => authorizationServer.introspect(request)));
app.post("/token/revoke", answered((request) => authorizationServer.revoke(request)));

const contacts = (request, response) => {
  const { sub, cid, scope } = request.payload;
  response.json({ sub, cid, scope });
};
app.get("/contacts", requireAuth("contacts.read"), contacts);
app.post("/contacts", requireAuth("contacts.write"), contacts);

const server = app.listen(Number(port), "127.0.0.1", (error) => {
  if (error) throw error;
  console.log(`ready http://127.0.0.1:${server.address().port}`);
});
