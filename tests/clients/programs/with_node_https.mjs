// One GET with a capability token.
import https from "node:https";

const headers = { "AISecOps-Capability": process.env.CAPABILITY };
https.get(process.env.URL, { headers }, (answer) => {
  let body = "";
  answer.on("data", (piece) => (body += piece));
  answer.on("end", () => {
    if (answer.statusCode >= 400) throw new Error(`status ${answer.statusCode}: ${body}`);
  });
});
