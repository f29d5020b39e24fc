// A relayauth in one page, in another language than the harness: state in memory, Node's standard library alone.
// It keeps the contract; MINIATURE_FAULT names one rule to break, so that its clause has something to catch.
import { createServer } from "node:http";
import * as crypto from "node:crypto";

const CAP = 7776000; // seconds, 90 days
const DAY = 86400;
const HOUR = 3600;
const PLANES = ["relayauth", "relayfile", "relaycast", "cloud"];
const ISSUER = "https://relayauth.dev";
const env = (name) => process.env[name]?.trim() || undefined;
const FAULT = env("MINIATURE_FAULT");
const JWKS_PATIENCE_MS = Number(env("MINIATURE_PATIENCE_MS") ?? 5000);
const started = { wall: Date.now(), timer: performance.now() };
const now = () => {
  const own = started.wall + performance.now() - started.timer;
  return Math.floor((FAULT === "own-clock" ? own : Date.now()) / 1000);
};

// Keys: what signs, what is published, and where a verifier finds what it trusts.

const privateKey = crypto.createPrivateKey(process.env.RELAYAUTH_SIGNING_KEY_PEM);
const boundPem = env("RELAYAUTH_SIGNING_KEY_PEM_PUBLIC");
const bound = boundPem && published(crypto.createPublicKey(boundPem));
const kid = bound ? bound.kid : "rs256-key";
const ownKey = crypto.createPublicKey(privateKey);

function published(key) {
  const { e, kty, n } = key.export({ format: "jwk" });
  const thumbprint = crypto.createHash("sha256").update(JSON.stringify({ e, kty, n })).digest("base64url");
  return { kty, n, e, use: "sig", alg: "RS256", kid: thumbprint };
}

async function trustedKeys() {
  if (bound && FAULT !== "asks-itself") return [bound];
  const origin = env("BASE_URL") ? new URL(env("BASE_URL")).origin : "http://127.0.0.1:8787";
  const bounds = { redirect: "error", signal: AbortSignal.timeout(JWKS_PATIENCE_MS) };
  const answer = await fetch(`${origin}/.well-known/jwks.json`, bounds);
  if (!answer.ok) throw new Error(`the JWKS answered ${answer.status}`);
  return (await answer.json()).keys;
}

// Tokens: signed, read strictly, verified.

const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

function sign(claims, prefix) {
  const signed = `${encode({ alg: "RS256", typ: "JWT", kid })}.${encode(claims)}`;
  return `${prefix}${signed}.${crypto.sign("RSA-SHA256", Buffer.from(signed), privateKey).toString("base64url")}`;
}

function read(text) {
  const segments = String(text).replace(/^relay_(ag|pa)_/, "").split(".");
  const raw = segments.map((each) => Buffer.from(each, "base64url"));
  if (segments.length !== 3 || raw.some((each, i) => each.toString("base64url") !== segments[i])) throw new Error();
  const [header, claims] = raw.slice(0, 2).map((each) => JSON.parse(each.toString()));
  const strange = header.alg !== "RS256" || "crit" in header || (header.typ ?? "JWT") !== "JWT";
  const timed = Number.isSafeInteger(claims.exp) && Number.isSafeInteger(claims.iat)
    && claims.iat <= claims.exp && claims.iat <= now() + 60;
  const addressed = Array.isArray(claims.aud) && claims.aud.some((each) => PLANES.includes(each));
  if (strange || !timed || !addressed || claims.iss !== ISSUER) throw new Error("not one of ours");
  return { header, claims, signed: Buffer.from(segments.slice(0, 2).join(".")), signature: raw[2] };
}

const expired = (claims) => !(claims.exp > now()) && FAULT !== "never-expires";

async function bearer(text) {
  try {
    const token = read(text);
    const jwk = (await trustedKeys()).find((each) => each.kid === token.header.kid) ?? {};
    const key = crypto.createPublicKey({ key: jwk, format: "jwk" });
    if (!crypto.verify("RSA-SHA256", token.signed, key, token.signature)) throw new Error();
    if (token.claims.token_type !== "access" || expired(token.claims)) throw new Error();
    if (sessions.get(token.claims.sid)?.revoked) throw new Error();
    return { org: token.claims.org, scopes: token.claims.scopes };
  } catch {
    throw new Refusal(401, "invalid_token");
  }
}

// State.

const keys = new Map(); // text -> {id, org, scopes, revoked, kind, workspaceId}
const identities = new Map(); // id -> identity
const sessions = new Map(); // sid -> what was granted at mint, and whether it is revoked
const issued = new Map(); // jti of every token that was issued -> its sid
const pending = new Map(); // jti of a refresh token that was issued -> whether it is still unused

class Refusal extends Error {
  constructor(status, code) {
    super(code);
    Object.assign(this, { status, code });
  }
}

const id = (prefix) => prefix + crypto.randomBytes(12).toString("hex");
const demand = (held, status, code) => held || reject(status, code);
const reject = (status, code) => {
  throw new Refusal(status, code);
};
const iso = (seconds) => new Date(seconds * 1000).toISOString();

// Who asks, and what they may.

async function principal(request) {
  const authorization = /^bearer (.+)$/i.exec(request.headers.authorization ?? "")?.[1];
  const text = request.headers["x-api-key"] ?? (authorization?.startsWith("relay_ws_") ? authorization : undefined);
  if (text === undefined) return bearer(demand(authorization, 401, "missing_authorization"));
  const key = keys.get(text);
  return demand(key && !key.revoked && key, 401, "invalid_api_key");
}

function covers(grant, wanted) {
  const [held, asked] = [grant, wanted].map((scope) => [...scope.split(":"), "*"].slice(0, 4));
  const action = held[2] === "manage" && ["read", "write", "create", "delete"].includes(asked[2]);
  const below = held[3].endsWith("/*") && asked[3].startsWith(held[3].slice(0, -1));
  const alike = (i) => held[i] === "*" || held[i] === asked[i];
  return alike(0) && alike(1) && (alike(2) || action) && (alike(3) || below);
}

const may = (caller, scope) => caller.scopes.some((grant) => covers(grant, scope));
const all = (caller, scopes) => scopes.every((scope) => may(caller, scope));

// Minting: one pair, whoever asks for it, and however often it is renewed.

function effectiveTtl(asked) {
  if (typeof asked !== "number" || !(asked >= 1)) return undefined;
  return FAULT === "no-cap" ? Math.floor(asked) : Math.min(Math.floor(asked), CAP);
}

function issue(session, meta, ttl) {
  const iat = now();
  const end = (seconds) => Math.min(iat + seconds, session.horizon ?? Infinity);
  const make = (type, exp, scopes, aud) => {
    const jti = id(session.prefix || "tok_");
    issued.set(jti, session.claims.sid);
    if (type === "refresh") pending.set(jti, true);
    const claims = { ...session.claims, scopes, aud, token_type: type, iss: ISSUER, iat, exp, jti };
    if (Object.keys(meta).length) claims.meta = meta;
    return { text: sign(claims, session.prefix), exp };
  };
  const access = make("access", end(session.accessTtl), session.scopes, session.audience);
  const refresh = make("refresh", end(ttl), ["relayauth:token:refresh"], ["relayauth"]);
  return {
    accessToken: access.text, refreshToken: refresh.text, tokenType: "Bearer",
    accessTokenExpiresAt: iso(access.exp), refreshTokenExpiresAt: iso(refresh.exp),
  };
}

function open(body, grant, meta) {
  const ttl = effectiveTtl(body.refreshTokenTtlSeconds);
  const sid = id("sess_");
  const given = typeof body.expiresIn === "number" && body.expiresIn > 0;
  const asked = given ? Math.floor(body.expiresIn) : HOUR;
  const session = { ...grant, accessTtl: grant.prefix ? Math.min(asked, HOUR) : asked, revoked: false };
  session.audience = body.audience ?? [...new Set(grant.scopes.map((scope) => scope.split(":")[0]))];
  session.claims = { ...grant.claims, sid };
  sessions.set(sid, session);
  const delegated = grant.prefix && {
    accessScopes: JSON.stringify(session.scopes), accessAudience: JSON.stringify(session.audience),
  };
  const mark = ttl === undefined ? {} : { refreshTokenTtl: String(ttl) };
  const pair = issue(session, { ...meta, ...delegated, ...mark }, ttl ?? DAY);
  session.accessTtl = Math.min(session.accessTtl, HOUR); // after a refresh
  return pair;
}

const owner = (caller, sub, wks, sponsor) => ({
  sub, wks, org: caller.org, sponsorId: sponsor, sponsorChain: [sponsor, sub],
  ...(caller.kind === "workspace_token" && { parentTokenId: caller.id }),
});

function known(caller, identityId, workspaceId) {
  const identity = identities.get(identityId);
  const found = identity?.orgId === caller.org && (!workspaceId || identity.workspaceId === workspaceId);
  return demand(found && identity, 404, "identity_not_found");
}

function mintIdentity(caller, body) {
  const identity = known(caller, body.identityId);
  const scopes = body.scopes ?? identity.scopes;
  demand(all(caller, scopes), 403, "insufficient_scope");
  return open(body, { prefix: "", scopes, claims: owner(caller, identity.id, identity.workspaceId, identity.sponsorId) }, {});
}

function mintAgent(caller, body) {
  const identity = known(caller, body.agentId, caller.workspaceId);
  const scopes = body.scopes ?? identity.scopes;
  demand(all(caller, scopes), 403, "insufficient_scope");
  const claims = owner(caller, identity.id, caller.workspaceId, identity.sponsorId);
  const grant = { prefix: "relay_ag_", scopes, claims, workspaceTokenId: caller.id };
  const pair = open(body, grant, { tokenClass: "agent", workspaceTokenId: caller.id });
  const more = { agentId: identity.id, workspaceId: caller.workspaceId, tokenClass: "relay_ag" };
  return { ...pair, ...more, issuedViaWorkspaceTokenId: caller.id };
}

function mintPath(caller, body) {
  const { paths, workspaceId = caller.workspaceId, agentId = id("agent_") } = body;
  demand(workspaceId && workspaceId === (caller.workspaceId ?? workspaceId), 400, "invalid_workspace");
  const good = (path) => /^(\/(?!\.{1,2}(\/|$))[^/*\\]+)+(\/\*)?$/.test(path);
  demand(Array.isArray(paths) && paths.length && paths.every(good), 400, "invalid_paths");
  const allowed = paths.flatMap((path) => ["read", "write"].map((action) => `relayfile:fs:${action}:${path}`));
  const scopes = body.scopes ?? allowed;
  demand(all({ scopes: allowed }, scopes), 400, "invalid_scope");
  demand(all(caller, scopes), 403, "insufficient_scope");
  const given = body.delegationNotAfter ?? undefined;
  const horizon = given && Math.floor(typeof given === "number" ? given : Date.parse(given) / 1000);
  demand(given === undefined || horizon > now(), 400, "invalid_delegation_not_after");
  const sub = `agent_${agentId.replace(/^agent_/, "").replace(/[^A-Za-z0-9_-]/g, "-")}`;
  const agentName = body.agentName ?? body.agentId ?? "cloud-orchestrator";
  const via = caller.kind === "workspace_token" ? caller.id : undefined;
  const grant = { prefix: "relay_pa_", scopes, horizon, workspaceTokenId: via, claims: owner(caller, sub, workspaceId, `user_${caller.org}`) };
  const meta = { tokenClass: "path", agentName, paths: JSON.stringify(paths) };
  if (via) meta.workspaceTokenId = via;
  if (horizon) meta.delegationNotAfter = iso(horizon);
  const pair = open(body, grant, meta);
  const more = { agentId: sub, agentName, workspaceId, tokenClass: "relay_pa", paths };
  return { ...pair, ...more, ...(horizon && { delegationNotAfter: iso(horizon) }), ...(via && { issuedViaWorkspaceTokenId: via }) };
}

function refresh(_caller, body) {
  demand(typeof body.refreshToken === "string", 400, "missing_refresh_token");
  let token;
  try {
    token = read(body.refreshToken);
    if (token.header.kid !== kid || !crypto.verify("RSA-SHA256", token.signed, ownKey, token.signature)) throw new Error();
  } catch {
    reject(401, "invalid_token");
  }
  const { claims } = token;
  const session = sessions.get(claims.sid);
  demand(claims.token_type === "refresh" && session && pending.has(claims.jti), 401, "invalid_token");
  demand(!(session.horizon <= now()), 401, "delegation_expired");
  const minter = [...keys.values()].find((each) => each.id === session.workspaceTokenId);
  demand(!minter?.revoked, 401, "workspace_token_revoked");
  demand(!expired(claims) && !session.revoked, 401, "invalid_token");
  if (!pending.get(claims.jti)) session.revoked = true;
  demand(!session.revoked, 401, "token_reused");
  pending.set(claims.jti, false);
  const mark = FAULT === "forgets-ttl" ? "" : (claims.meta?.refreshTokenTtl ?? "");
  const kept = /^[0-9]+$/.test(mark) && Number(mark) > 0 ? Number(mark) : DAY;
  return issue(session, claims.meta ?? {}, Math.min(kept, CAP));
}

// Other routes.

function makeKey(prefix, caller, body, more) {
  demand(typeof body.name === "string" && Array.isArray(body.scopes), 400, "invalid_request");
  demand(all(caller, body.scopes), 403, "scope_escalation");
  const key = id(prefix);
  const row = { id: id("key_"), name: body.name, prefix: key.slice(0, 12), scopes: body.scopes, createdAt: iso(now()), revoked: false, ...more };
  keys.set(key, { ...row, org: caller.org });
  return { key, row };
}

function makeApiKey(caller, body) {
  const { key, row } = makeKey("rak_", caller, body, { orgId: caller.org });
  return { apiKey: row, key };
}

function makeWorkspaceToken(caller, body) {
  demand(typeof body.workspaceId === "string", 400, "invalid_request");
  const kind = { kind: "workspace_token", workspaceId: body.workspaceId };
  const { key, row } = makeKey("relay_ws_", caller, { name: "workspace", scopes: caller.scopes, ...body }, kind);
  return { workspaceToken: row, key };
}

function revokeKey(caller, _body, keyId) {
  const key = [...keys.values()].find((each) => each.id === keyId && each.org === caller.org);
  demand(key, 404, "api_key_not_found").revoked = true;
  const { org, ...shown } = key;
  return shown;
}

function makeIdentity(caller, body) {
  demand(typeof body.name === "string" && typeof body.sponsorId === "string", 400, "invalid_request");
  const taken = [...identities.values()].some((each) => each.orgId === caller.org && each.name === body.name);
  demand(!taken, 409, "identity_exists");
  const at = { createdAt: iso(now()), updatedAt: iso(now()) };
  const own = { id: id("agent_"), name: body.name, type: "agent", orgId: caller.org, status: "active", scopes: body.scopes ?? [] };
  const identity = { ...own, roles: [], metadata: {}, ...at, sponsorId: body.sponsorId, workspaceId: body.workspaceId ?? "ws_default" };
  identity.sponsorChain = [body.sponsorId, identity.id];
  identities.set(identity.id, identity);
  return identity;
}

function revokeWhere(caller, matches) {
  const found = [...sessions.values()].filter((each) => each.claims.org === caller.org && matches(each));
  for (const session of found) session.revoked = true;
  return found.length > 0;
}

function deleteIdentity(caller, _body, identityId) {
  identities.delete(known(caller, identityId).id);
  revokeWhere(caller, (session) => session.claims.sub === identityId);
}

function revoke(caller, body) {
  const { sessionId, tokenId, identityId } = body;
  demand([sessionId, tokenId, identityId].some((each) => typeof each === "string"), 400, "invalid_request");
  const sid = sessionId ?? issued.get(tokenId);
  const named = (session) => session.claims.sid === sid || session.claims.sub === identityId;
  demand(revokeWhere(caller, named) || identities.get(identityId)?.orgId === caller.org, 404, "token_not_found");
}

function introspect(caller, _body, _id, query) {
  try {
    const { claims, signed, signature } = read(query.get("token"));
    const session = sessions.get(claims.sid);
    const genuine = crypto.verify("RSA-SHA256", signed, ownKey, signature) && session?.claims.org === caller.org;
    return genuine && !session.revoked && !expired(claims) && pending.get(claims.jti) !== false ? claims : null;
  } catch {
    return null;
  }
}

// The surface: method, path, scope (null: nobody is asked who they are), status, what is done.

const KEYS = "relayauth:api-key:manage:*";
const MINT = "relayauth:token:create:*";
const IDENTITIES = "relayauth:identity:manage:*";
const routes = [
  ["GET", "/health", null, 200, () => ({ status: "ok" })],
  ["GET", "/.well-known/jwks.json", null, 200, () => ({ keys: bound ? [bound] : [] })],
  ["POST", "/v1/tokens", MINT, 201, mintIdentity],
  ["POST", "/v1/tokens/agent", MINT, 201, byWorkspaceToken(mintAgent)],
  ["POST", "/v1/tokens/path", MINT, 201, byWorkspaceToken(mintPath)],
  ["POST", "/v1/tokens/workspace-path", KEYS, 201, mintPath],
  ["POST", "/v1/tokens/workspace", KEYS, 201, makeWorkspaceToken],
  ["POST", "/v1/tokens/refresh", null, 200, refresh],
  ["POST", "/v1/tokens/revoke", "relayauth:token:manage:*", 204, revoke],
  ["GET", "/v1/tokens/introspect", "relayauth:token:read:*", 200, introspect],
  ["POST", "/v1/api-keys", KEYS, 201, makeApiKey],
  ["POST", "/v1/api-keys/:id/revoke", KEYS, 200, revokeKey],
  ["POST", "/v1/identities", IDENTITIES, 201, makeIdentity],
  ["GET", "/v1/identities/:id", "relayauth:identity:read:*", 200, (caller, _body, name) => known(caller, name)],
  ["DELETE", "/v1/identities/:id", IDENTITIES, 204, deleteIdentity],
];

function byWorkspaceToken(mint) {
  return (caller, body) => mint(demand(caller.kind === "workspace_token" && caller, 401, "workspace_token_required"), body);
}

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  if (request.method !== "POST" || !chunks.length) return {};
  try {
    const body = JSON.parse(Buffer.concat(chunks).toString());
    return demand(typeof body === "object" && !Array.isArray(body) && body, 400, "invalid_json");
  } catch {
    return reject(400, "invalid_json");
  }
}

async function answer(request) {
  const url = new URL(request.url, "http://miniature");
  const body = await bodyOf(request);
  for (const [method, path, scope, status, act] of routes) {
    const found = new RegExp(`^${path.replace(":id", "([^/]+)")}$`).exec(url.pathname);
    if (!found || method !== request.method) continue;
    const caller = scope && (await principal(request));
    demand(!scope || may(caller, scope), 403, "insufficient_scope");
    demand(method !== "DELETE" || request.headers["x-confirm-delete"] === "true", 400, "confirmation_required");
    return [status, act(caller, body, found[1], url.searchParams)];
  }
  return reject(404, "not_found");
}

const server = createServer(async (request, response) => {
  let status, body;
  try {
    [status, body] = await answer(request);
  } catch (error) {
    if (!(error instanceof Refusal)) console.error(error);
    status = error.status ?? 500;
    body = { error: error.code ?? "internal_error", code: error.code ?? "internal_error" };
  }
  response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(status === 204 ? undefined : JSON.stringify(body));
});
server.listen(Number(process.env.PORT ?? 8787), "127.0.0.1");
