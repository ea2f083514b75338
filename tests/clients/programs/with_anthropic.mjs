// One message; `mended` hands over a dispatcher that reads the environment.
import Anthropic from "@anthropic-ai/sdk";

const fetchOptions = {};
let fetch;
if (process.argv.includes("mended")) {
  const undici = await import("undici");
  fetchOptions.dispatcher = new undici.EnvHttpProxyAgent();
  fetch = undici.fetch;
}
const defaultHeaders = { "AISecOps-Capability": process.env.CAPABILITY };
const client = new Anthropic({ apiKey: "test", maxRetries: 0, defaultHeaders, fetchOptions, fetch });
const messages = [{ role: "user", content: process.env.PROMPT }];
await client.messages.create({ model: "claude-sonnet-4-5", max_tokens: 100, messages });
