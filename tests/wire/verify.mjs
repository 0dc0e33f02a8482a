// Judges one webhook with somebody else's code. Standard input: {"by", "secret", "headers", "body"}; status 0: it verifies.
import crypto from "node:crypto";
import fs from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url); // so that NODE_PATH is looked at too
const { by, secret, headers, body } = JSON.parse(fs.readFileSync(0, "utf8"));

// From the BookMe documentation, as it stands there.
function verifyWebhook(payload, signature, secret) {
  const expectedSignature = crypto
    .createHmac("sha256", secret)
    .update(payload, "utf8")
    .digest("hex");

  return `sha256=${expectedSignature}` === signature;
}

// From the therapy documentation, as it stands there.
function verifyWebhookSignature(payload, signature, keyHash) {
  const message = `${payload.event}.${payload.timestamp}.${JSON.stringify(payload.data)}`;
  const expectedSignature = crypto
    .createHmac('sha256', keyHash)
    .update(message)
    .digest('hex');
  
  return signature === expectedSignature;
}

// The libraries take the key as base64; a secret without `whsec_` is its own bytes.
const key = secret.startsWith("whsec_") ? secret : Buffer.from(secret, "utf8").toString("base64");
const hex = (text, key) => crypto.createHmac("sha256", key).update(text, "utf8").digest("hex");
const must = (truth) => {
  if (!truth) throw new Error("signature differs");
};

const judges = {
  standardwebhooks: () => new (require("standardwebhooks").Webhook)(key).verify(body, headers),
  svix: () => new (require("svix").Webhook)(key).verify(body, headers),
  bookme: () => {
    if (!verifyWebhook(body, headers["x-bookme-signature"], secret)) throw new Error("signature differs");
  },
  // The receiver holds the raw key and makes the hash, as the key's owner would.
  therapy: () => {
    const keyHash = crypto.createHash("sha256").update(secret).digest("hex");
    const payload = JSON.parse(body);
    must(verifyWebhookSignature(payload, payload.signature, keyHash));
  },
  // As a published client of that API does: the parsed data, serialised again.
  pushpress: () => must(hex(JSON.stringify(JSON.parse(body).data), secret) === headers["webhook-signature"]),
  github: () => must(`sha256=${hex(body, secret)}` === headers["x-hub-signature-256"]),
  // The svix library looks at its own family first.
  "svix-headers": () => {
    const own = Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith("svix-")));
    new (require("svix").Webhook)(key).verify(body, own);
  },
  // The bytes are those that JSON.stringify writes.
  stringify: () => {
    const again = JSON.stringify(JSON.parse(body));
    if (again !== body) throw new Error(`not what JSON.stringify writes:\n${body}\n${again}`);
  },
};

try {
  judges[by]();
} catch (error) {
  console.error(String(error));
  process.exit(1);
}
