// One chat completion; `mended` hands over a dispatcher that reads the environment.
import OpenAI from "openai";

const fetchOptions = {};
let fetch;
if (process.argv.includes("mended")) {
  const undici = await import("undici");
  fetchOptions.dispatcher = new undici.EnvHttpProxyAgent();
  fetch = undici.fetch;
}
const defaultHeaders = { "AISecOps-Capability": process.env.CAPABILITY };
const client = new OpenAI({ apiKey: "test", maxRetries: 0, defaultHeaders, fetchOptions, fetch });
const messages = [{ role: "user", content: process.env.PROMPT }];
await client.chat.completions.create({ model: "gpt-4o", messages });
