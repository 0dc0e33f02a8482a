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

const judges = {
  standardwebhooks: () => new (require("standardwebhooks").Webhook)(secret).verify(body, headers),
  svix: () => new (require("svix").Webhook)(secret).verify(body, headers),
  bookme: () => {
    if (!verifyWebhook(body, headers["x-bookme-signature"], secret)) throw new Error("signature differs");
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
